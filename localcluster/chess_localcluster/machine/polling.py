"""The one way to wait for something that sends no notice: look again and again, up to a deadline."""

import time
from collections.abc import Callable

PERIOD_SECONDS = 0.02


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until the condition holds; return False if it still does not after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PERIOD_SECONDS)
    return True
