"""Outages of Redis and PostgreSQL: time that no player pays for.

A move's time runs from the publication of the move before it to its arrival, less any outage in between. Where outages
of both stores overlap, the time counts once. All times are milliseconds of Redis TIME.
"""

from dataclasses import dataclass, replace

REMEMBERED_MS = 4 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outages:
    """Closed outages in order of their beginning, and for each store that is down, since when."""

    closed: tuple[tuple[int, int], ...] = ()
    open: tuple[tuple[str, int], ...] = ()

    def begin(self, store: str, since_ms: int) -> "Outages":
        """Note that a store stopped answering. Nothing changes if it is down already."""
        if any(name == store for name, _ in self.open):
            return self
        return replace(self, open=(*self.open, (store, since_ms)))

    def end(self, store: str, now_ms: int) -> "Outages":
        """Note that a store answers again."""
        begun = [since for name, since in self.open if name == store]
        if not begun:
            return self
        kept = [span for span in self.closed if span[1] > now_ms - REMEMBERED_MS]
        return Outages(
            closed=tuple(sorted([*kept, (begun[0], now_ms)])),
            open=tuple(entry for entry in self.open if entry[0] != store),
        )

    def elapsed(self, since_ms: int, until_ms: int) -> int:
        """Return the time between two moments, less the outages in between."""
        if until_ms <= since_ms:
            return 0
        if not self.closed and not self.open:
            return until_ms - since_ms
        spans = [*self.closed, *((begun, until_ms) for _, begun in self.open)]
        return until_ms - since_ms - _covered(spans, since_ms, until_ms)


def _covered(spans: list[tuple[int, int]], since_ms: int, until_ms: int) -> int:
    covered, reached = 0, since_ms
    for begun, ended in sorted(spans):
        low, high = max(begun, reached), min(ended, until_ms)
        if high > low:
            covered += high - low
            reached = high
    return covered
