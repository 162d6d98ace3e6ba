"""A quantile of the last minute: counts by size, in slices of time that are dropped when they are old. Pure.

Sizes grow by a tenth, so a quantile is at most that much too high. It needs the same memory whatever comes.
"""

from bisect import bisect_left
from collections import deque

WINDOW_SECONDS = 60.0
SLICE_SECONDS = 5.0
SMALLEST, GROWTH, SIZES = 0.0001, 1.1, 140
BOUNDS = [SMALLEST * GROWTH**step for step in range(SIZES)]
"""Upper bounds of the sizes, in seconds: 0.1 ms to a minute."""


class SlidingQuantile:
    """Durations in seconds. `now` is monotonic seconds and never goes back."""

    __slots__ = ("_slices",)

    def __init__(self) -> None:
        self._slices: deque[tuple[float, list[int]]] = deque()

    def add(self, seconds: float, now: float) -> None:
        """Add a duration."""
        if not self._slices or now - self._slices[-1][0] >= SLICE_SECONDS:
            self._drop_old(now)
            self._slices.append((now, [0] * SIZES))
        self._slices[-1][1][min(bisect_left(BOUNDS, seconds), SIZES - 1)] += 1

    def value(self, quantile: float, now: float) -> float:
        """Return an upper bound of that part of the last minute's durations; 0 without any."""
        self._drop_old(now)
        counts = [sum(sizes) for sizes in zip(*(counts for _, counts in self._slices), strict=True)]
        rest = sum(counts) * quantile
        for bound, count in zip(BOUNDS, counts, strict=False):
            rest -= count
            if rest <= 0 and count:
                return bound
        return 0.0

    def _drop_old(self, now: float) -> None:
        while self._slices and now - self._slices[0][0] >= WINDOW_SECONDS:
            self._slices.popleft()
