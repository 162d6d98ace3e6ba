"""When the first copy of a move arrived, and what became of it. Pure.

A move that has to be sent again costs no time for the wait, because its first copy counts. A cheater would send
anything early and think afterwards. So a copy counts only for exactly this command, only while nothing final was
answered to it, only for the turn in which it came, and only until the player sends another move.
"""

from msgspec import Struct
from msgspec.structs import replace

from chess_server.game.color import Color
from chess_server.game.commands import Command, MakeMove

AGAIN = frozenset({"unavailable", "overloaded", "conflict"})
"""The answers after which a client sends the same command again (docs/protocol.md)."""
KEPT_MS = 5000
"""How long after such an answer. A client sends again after a second; whoever waits longer thinks meanwhile."""
MOST_COPIES = 8


class Copy(Struct, frozen=True):
    """One arrival: when, and at which ply the game was then, as far as this server knew."""

    arrived_ms: int
    ply: int | None


class Life(Struct, frozen=True, kw_only=True):
    """The life of one player's newest move: its copies, and when it was last answered so that it may come again."""

    command: MakeMove
    copies: tuple[Copy, ...]
    answered_ms: int | None = None

    def counts_from(self, received_ms: int, since_ms: int, ply: int) -> int:
        """Return the arrival that counts for the turn that began at `since_ms`, after `ply` half-moves.

        It is no later than this one, also where Redis' clock was set back after the first.
        """
        counted = (copy.arrived_ms for copy in self.copies if copy.ply == ply or copy.arrived_ms >= since_ms)
        return min(received_ms, min(counted, default=received_ms))


class Arrivals(Struct, frozen=True, kw_only=True):
    """The newest move of each player. Other commands cost no time, so nothing is kept of them."""

    white: Life | None = None
    black: Life | None = None

    def of(self, color: Color, command: Command) -> Life | None:
        """Return what is known of a command's earlier copies."""
        life = self.white if color == "white" else self.black
        return life if life is not None and life.command == command else None

    def received(self, color: Color, command: Command, now_ms: int, ply: int | None) -> "Arrivals":
        """Note an arrival."""
        if not isinstance(command, MakeMove):
            return self
        life = self.of(color, command)
        if life is None or (life.answered_ms is not None and now_ms - life.answered_ms > KEPT_MS):
            return self._with(color, Life(command=command, copies=(Copy(now_ms, ply),)))
        if any(copy.ply == ply for copy in life.copies):
            return self
        return self._with(color, replace(life, copies=(*life.copies, Copy(now_ms, ply))[-MOST_COPIES:]))

    def answered(self, color: Color, command: Command, code: str | None, now_ms: int) -> "Arrivals":
        """Note the answer to a command: a code, or None if it was done. After a final one nothing is kept."""
        life = self.of(color, command)
        if life is None:
            return self
        return self._with(color, replace(life, answered_ms=now_ms) if code in AGAIN else None)

    def _with(self, color: Color, life: Life | None) -> "Arrivals":
        if color == "white":
            return Arrivals(white=life, black=self.black)
        return Arrivals(white=self.white, black=life)
