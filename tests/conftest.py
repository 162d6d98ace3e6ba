"""What holds for all tests."""

from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong: an example's wall time decides nothing.
settings.register_profile(
    "chess", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("chess")
