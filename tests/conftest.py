"""What holds for all tests."""

import signal

from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong: an example's wall time decides nothing.
settings.register_profile(
    "chess", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("chess")

# What a shell starts in the background ignores Ctrl-C and has its children ignore it; tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
