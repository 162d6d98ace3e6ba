"""What holds for all tests."""

from hypothesis import settings

# A busy machine is slow, not wrong: an example's wall time decides nothing.
settings.register_profile("chess", deadline=None, print_blob=True)
settings.load_profile("chess")
