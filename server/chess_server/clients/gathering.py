"""Lets the commands of many games begin together, where many come.

What begins together goes on together: a write to Redis, a transaction, a write to Redis for all of them. That saves
CPU, at the cost of each player's answer. Few commands a second leave CPU to spare, and begin at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable

LONGEST_SECONDS = 0.008
CALM_RATE = 300.0
"""Up to so many commands a second nobody waits; with twice as many, for the longest."""
COUNTED = 64


class Pace:
    """How long to wait for more commands, by how many come. Pure; seconds of any one clock."""

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=COUNTED)

    def came(self, now: float) -> None:
        """Note that a command came."""
        self._times.append(now)

    def linger_seconds(self, now: float) -> float:
        """Return for how long to wait before commands begin."""
        if len(self._times) < COUNTED or now <= self._times[0]:
            return 0.0
        rate = (COUNTED - 1) / (now - self._times[0])
        return LONGEST_SECONDS * min(max(rate / CALM_RATE - 1, 0.0), 1.0)


class Gathering:
    """The commands of one server that are about to begin, in the order in which they came."""

    def __init__(self) -> None:
        self._pace = Pace()
        self._waiting: list[Callable[[], object]] = []

    def add(self, begin: Callable[[], object], now: float) -> None:
        """Call `begin` now, or soon with others. `now` is monotonic seconds."""
        self._pace.came(now)
        if self._waiting:
            self._waiting.append(begin)
        elif seconds := self._pace.linger_seconds(now):
            self._waiting.append(begin)
            asyncio.get_running_loop().call_later(seconds, self._begin)
        else:
            begin()

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, []
        for begin in waiting:
            begin()
