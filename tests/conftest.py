"""What holds for all tests."""

import os
import signal

from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong: an example's wall time decides nothing. Each run makes up the same examples, so
# that a push fails for what it changed; `HYPOTHESIS_PROFILE=explore` makes up new ones, and is for looking for faults.
settings.register_profile(
    "explore", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("same", settings.get_profile("explore"), derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

# What a shell starts in the background ignores Ctrl-C and has its children ignore it; tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
