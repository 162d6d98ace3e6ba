"""The chess clock, with lag compensation as in lila.

All times are milliseconds. Each player has a quota of lag that may be forgiven: it starts at three gains, grows by one
gain per move and holds at most seven. The lag itself is what the server measured, never what a client states. But a
client can answer pings late, and so have more forgiven than it lost. No measurement tells that from a slow connection;
therefore a move gains less than in lila, and the whole game has an allowance too (docs/decisions/0107 and 0114).
"""

from msgspec import Struct
from msgspec.structs import replace

from chess_server.game.color import Color
from chess_server.game.status import FIRST_MOVES

EXPECTED_MOVES = 40
GAIN_SHARE = 1 / 15
GAIN_MOST_MS = 300
"""What one move adds to the quota: a share of the time expected for a move, at most a round trip round the world."""
GRACE_MS = 1000
"""How much unspent quota delays a flag at most, because the move may be on its way."""
ALLOWANCE_SHARE = 0.1
ALLOWANCE_MOST_MS = 12_000
"""The lag forgiven in a whole game: a tenth of its expected length, at most 200 ms for each of 60 moves."""


class Side(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One player's time left, lag quota, the lag forgiven so far, and the time given by the opponent."""

    left_ms: int
    quota_ms: int
    forgiven_ms: int = 0
    given_ms: int = 0


class Clock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Both sides' time. The game knows whose turn it is, and since when."""

    initial_ms: int
    increment_ms: int
    white: Side
    black: Side

    @property
    def expected_ms(self) -> int:
        """How much time one player is expected to have in the whole game."""
        return self.initial_ms + EXPECTED_MOVES * self.increment_ms

    @property
    def gain_ms(self) -> int:
        """How much one move adds to the quota."""
        return min(round(GAIN_SHARE * self.expected_ms / EXPECTED_MOVES), GAIN_MOST_MS)

    @property
    def allowance_ms(self) -> int:
        """How much lag is forgiven to one player in the whole game."""
        return min(round(ALLOWANCE_SHARE * self.expected_ms), ALLOWANCE_MOST_MS)

    def forgivable_ms(self, color: Color) -> int:
        """How much lag may be forgiven to a player now."""
        side = self.side(color)
        return max(min(side.quota_ms, self.allowance_ms - side.forgiven_ms), 0)

    def side(self, color: Color) -> Side:
        """Return one player's side."""
        return self.white if color == "white" else self.black

    def has_fallen(self, color: Color, elapsed_ms: int, lag_ms: int) -> bool:
        """Whether thinking for `elapsed_ms` was too long, also with the lag that is forgiven."""
        return elapsed_ms >= self.side(color).left_ms and self.left_after(color, elapsed_ms, lag_ms) <= 0

    def left_after(self, color: Color, elapsed_ms: int, lag_ms: int) -> int:
        """Time left after thinking for `elapsed_ms`, less forgiven lag."""
        return self.side(color).left_ms - elapsed_ms + self._forgiven(color, elapsed_ms, lag_ms)

    def spend(self, color: Color, elapsed_ms: int, lag_ms: int) -> "Clock":
        """Return the clock after a move: time spent, increment earned, quota used and refilled."""
        side = self.side(color)
        forgiven = self._forgiven(color, elapsed_ms, lag_ms)
        quota = min(side.quota_ms - forgiven + self.gain_ms, 7 * self.gain_ms)
        left = max(side.left_ms - elapsed_ms + forgiven, 0) + self.increment_ms
        return self._with(color, Side(left, quota, side.forgiven_ms + forgiven, side.given_ms))

    def _forgiven(self, color: Color, elapsed_ms: int, lag_ms: int) -> int:
        return max(0, min(lag_ms, self.forgivable_ms(color), elapsed_ms))

    def given(self, color: Color, more_ms: int) -> "Clock":
        """Return the clock with time given to one side."""
        side = self.side(color)
        return self._with(
            color, replace(side, left_ms=side.left_ms + more_ms, given_ms=side.given_ms + more_ms)
        )

    def stopped_at(self, color: Color, left_ms: int) -> "Clock":
        """Return the clock with one side's time set, as when its flag has fallen."""
        return self._with(color, replace(self.side(color), left_ms=max(left_ms, 0)))

    def _with(self, color: Color, side: Side) -> "Clock":
        return replace(self, white=side) if color == "white" else replace(self, black=side)


def start(initial_seconds: int, increment_seconds: int) -> Clock:
    """Make the clock of a new game. A game without initial time starts with its increment, at least 3 s."""
    initial_ms, increment_ms = initial_seconds * 1000, increment_seconds * 1000
    clock = Clock(initial_ms=initial_ms, increment_ms=increment_ms, white=Side(0, 0), black=Side(0, 0))
    side = Side(initial_ms or max(increment_ms, 3000), 3 * clock.gain_ms)
    return replace(clock, white=side, black=side)


def restored(clock: Clock, white_ms: int, black_ms: int, ply: int) -> Clock:
    """Return the clock as the stored move at `ply` left it.

    What was forgiven is not stored. It counts as the most that so many moves can have been forgiven: reading a game
    back gives nobody a new allowance.
    """
    counted = max(ply - FIRST_MOVES, 0)
    white = _restored(clock, clock.white, white_ms, (counted + 1) // 2)
    return replace(clock, white=white, black=_restored(clock, clock.black, black_ms, counted // 2))


def _restored(clock: Clock, side: Side, left_ms: int, moves: int) -> Side:
    if not moves:
        return replace(side, left_ms=left_ms)
    most_forgiven_ms = min(side.quota_ms + moves * clock.gain_ms, clock.allowance_ms)
    return Side(left_ms, clock.gain_ms, most_forgiven_ms)
