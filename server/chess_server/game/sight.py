"""A turn as this server saw it begin: what a step of the Redis host's clock must not change. Pure.

Turns begin by Redis TIME, which every server can read. If somebody sets that clock, the time since then is wrong by the
step. A server that was there measures the turn with its own steady clock too, and where the two differ by more than the
tolerance, the steady one is right. All times are milliseconds.
"""

from msgspec import Struct
from msgspec.structs import replace

from chess_server.game.outages import Outages
from chess_server.game.shared import Held

TOLERANCE_MS = 1000


class Sight(Struct, frozen=True, kw_only=True):
    """The first sight of a turn: how long it had lasted by Redis TIME, and the steady clock."""

    epoch: int
    ply: int
    since_ms: int
    spent_ms: int
    steady_ms: int

    def is_of(self, held: Held) -> bool:
        """Whether it is that of a state's turn."""
        game = held.game
        return (self.since_ms, self.ply, self.epoch) == (held.since_ms, game.ply, game.epoch)

    def began_ms(self, now_ms: int, steady_ms: int, outages: Outages) -> int:
        """Return when the turn began, by the Redis TIME of now."""
        spent_ms = self.spent_ms + steady_ms - self.steady_ms
        set_back = now_ms - self.since_ms < spent_ms - TOLERANCE_MS
        set_forward = outages.elapsed(self.since_ms, now_ms) > spent_ms + TOLERANCE_MS
        return now_ms - spent_ms if set_back or set_forward else self.since_ms


def sighted(held: Held, before: Sight | None, now_ms: int, steady_ms: int) -> Sight:
    """Return the sight of a turn, seen now or before. No turn began before the one before it.

    Where the clock was set back, the store may state an earlier beginning of the turn later; what was seen stays.
    """
    epoch, ply = held.game.epoch, held.game.ply
    spent_ms = max(now_ms - held.since_ms, 0)
    if before is not None and before.epoch == epoch:
        if before.is_of(held):
            return before
        if before.ply == ply and held.since_ms < before.since_ms:
            return replace(before, since_ms=held.since_ms)
        if before.ply < ply:
            spent_ms = min(spent_ms, steady_ms - before.steady_ms + before.spent_ms)
    return Sight(epoch=epoch, ply=ply, since_ms=held.since_ms, spent_ms=spent_ms, steady_ms=steady_ms)
