"""How long a batch waits for more entries, by how many come. Pure; seconds of any one clock.

While a batch is under way the next one collects, so waiting only saves CPU, at the cost of each player's answer. Few
entries a second leave CPU to spare, and are stored at once; many are worth a wait.
"""

from collections import deque

LONGEST_SECONDS = 0.005
CALM_RATE = 300.0
"""Up to so many entries a second nobody waits; with twice as many, for the longest."""
COUNTED = 64


class Pace:
    """When the latest entries came."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=COUNTED)

    def came(self, now: float) -> None:
        """Note that an entry came."""
        self._times.append(now)

    def linger_seconds(self, now: float) -> float:
        """Return for how long to wait before a batch is taken."""
        if len(self._times) < COUNTED or now <= self._times[0]:
            return 0.0
        rate = (COUNTED - 1) / (now - self._times[0])
        return LONGEST_SECONDS * min(max(rate / CALM_RATE - 1, 0.0), 1.0)
