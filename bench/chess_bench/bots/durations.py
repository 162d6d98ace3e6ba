"""Durations counted by size: percentiles over a whole run in the memory of a few hundred numbers. Pure.

A size is a number of microseconds with seven significant bits, as in an HDR histogram: what is read back is never too
short, and too long by at most a 64th.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

SIGNIFICANT_BITS = 7
MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How durations are spread, and how many they are; None without any."""

    count: int
    p50_seconds: float | None
    p99_seconds: float | None
    longest_seconds: float | None


class Durations:
    """Any number of durations."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    @classmethod
    def joined(cls, parts: Iterable["Durations"]) -> Self:
        """Count the durations of all parts together."""
        whole = cls()
        for part in parts:
            whole.counts.update(part.counts)
        return whole

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[_size(max(0, round(seconds * MICROSECONDS)))] += 1

    def percentile(self, share: float) -> float | None:
        """Return the nearest-rank percentile, at most a 64th too long; None without durations."""
        rank = max(1, -(-int(self.counts.total() * share * 1000) // 1000))
        for size in sorted(self.counts):
            rank -= self.counts[size]
            if rank <= 0:
                return size / MICROSECONDS
        return None

    def spread(self) -> Spread:
        """Summarise them."""
        return Spread(
            count=self.counts.total(),
            p50_seconds=self.percentile(0.50),
            p99_seconds=self.percentile(0.99),
            longest_seconds=self.percentile(1.0),
        )


def _size(microseconds: int) -> int:
    """Return the longest duration that counts as this one."""
    shift = max(0, microseconds.bit_length() - SIGNIFICANT_BITS)
    return microseconds | ((1 << shift) - 1)
