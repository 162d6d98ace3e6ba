"""The chess clock, with lag compensation as in lila.

All times are milliseconds. Each player has a quota of lag that may be forgiven: it starts at three gains, grows by one
gain per move and holds at most seven. The lag itself is what the server measured, never what a client states.
"""

from msgspec import Struct
from msgspec.structs import replace

from chess_server.game.color import Color

EXPECTED_MOVES = 40
GRACE_MS = 1000
"""How much unspent quota delays a flag at most, because the move may be on its way."""


class Side(Struct, frozen=True, array_like=True):
    """One player's time left and lag quota."""

    left_ms: int
    quota_ms: int


class Clock(Struct, frozen=True, kw_only=True):
    """Both sides' time. The game knows whose turn it is, and since when."""

    initial_ms: int
    increment_ms: int
    white: Side
    black: Side

    @property
    def gain_ms(self) -> int:
        """How much one move adds to the quota."""
        estimate_ms = self.initial_ms + EXPECTED_MOVES * self.increment_ms
        return min(1000, round(0.4 * estimate_ms / 100) + 150)

    def side(self, color: Color) -> Side:
        """Return one player's side."""
        return self.white if color == "white" else self.black

    def left_after(self, color: Color, elapsed_ms: int, lag_ms: int) -> int:
        """Time left after thinking for `elapsed_ms`, less forgiven lag. Zero or less: the flag has fallen."""
        side = self.side(color)
        return side.left_ms - elapsed_ms + _forgiven(side, elapsed_ms, lag_ms)

    def spend(self, color: Color, elapsed_ms: int, lag_ms: int) -> "Clock":
        """Return the clock after a move: time spent, increment earned, quota used and refilled."""
        side = self.side(color)
        forgiven = _forgiven(side, elapsed_ms, lag_ms)
        quota = min(side.quota_ms - forgiven + self.gain_ms, 7 * self.gain_ms)
        left = max(side.left_ms - elapsed_ms + forgiven, 0) + self.increment_ms
        return self._with(color, Side(left, quota))

    def stopped_at(self, color: Color, left_ms: int) -> "Clock":
        """Return the clock with one side's time set, as when its flag has fallen."""
        return self._with(color, Side(max(left_ms, 0), self.side(color).quota_ms))

    def _with(self, color: Color, side: Side) -> "Clock":
        return replace(self, white=side) if color == "white" else replace(self, black=side)


def start(initial_seconds: int, increment_seconds: int) -> Clock:
    """Make the clock of a new game. A game without initial time starts with its increment, at least 3 s."""
    initial_ms, increment_ms = initial_seconds * 1000, increment_seconds * 1000
    clock = Clock(initial_ms=initial_ms, increment_ms=increment_ms, white=Side(0, 0), black=Side(0, 0))
    side = Side(initial_ms or max(increment_ms, 3000), 3 * clock.gain_ms)
    return replace(clock, white=side, black=side)


def restored(clock: Clock, white_ms: int, black_ms: int) -> Clock:
    """Return the clock as a stored move left it."""
    white, black = Side(white_ms, clock.white.quota_ms), Side(black_ms, clock.black.quota_ms)
    return replace(clock, white=white, black=black)


def _forgiven(side: Side, elapsed_ms: int, lag_ms: int) -> int:
    return max(0, min(lag_ms, side.quota_ms, elapsed_ms))
