"""Two players of one game as the load plays them: which move is next, when it was due, what was acknowledged. Pure.

The load is open: each move has a time at which it is due, whatever the server does. What is measured as latency begins
at that time, so that a server that falls behind cannot hide it by making its players wait. Only a move that the
opponent has received is followed by the next one.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

SIDES = ("white", "black")


@dataclass(slots=True)
class Tally:
    """What a part of the load has seen."""

    acked: int = 0
    relayed: int = 0
    nacks: dict[str, int] = field(default_factory=dict)
    latencies: list[tuple[float, float]] = field(default_factory=list)
    """When a move was due, and the seconds from then to its acknowledgement."""


@dataclass(slots=True, kw_only=True)
class Game:
    """One game, both of whose players belong to the load."""

    game_id: str
    line: Sequence[str]
    tally: Tally
    sent: int = 0
    """Moves that were sent at least once."""
    acked: int = 0
    relayed: int = 0
    due: float = 0.0
    """When the move sent last was due."""

    @property
    def mover(self) -> str:
        """The side that moves next."""
        return SIDES[self.sent % 2]

    @property
    def may_move(self) -> bool:
        """Whether every move so far was acknowledged and has reached the opponent, and there is another."""
        return self.acked == self.relayed == self.sent < len(self.line)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way."""
        return self.acked == self.relayed == self.sent

    def move(self, due: float) -> str:
        """Return the next move's frame."""
        self.sent += 1
        self.due = due
        return self.again()

    def again(self) -> str:
        """Return the frame of the move sent last."""
        return json.dumps(
            {"t": "move", "d": {"u": self.line[self.sent - 1], "a": self.sent}}, separators=(",", ":")
        )

    def acknowledge(self, a: int, now: float) -> None:
        """Take an acknowledgement."""
        if a == self.sent == self.acked + 1:
            self.acked = a
            self.tally.acked += 1
            self.tally.latencies.append((self.due, now - self.due))

    def relay(self, side: str, ply: int) -> None:
        """Take a move event as `side` receives it; the mover's own copy does not count."""
        if side == SIDES[ply % 2] and ply == self.relayed + 1:
            self.relayed = ply
            self.tally.relayed += 1

    def refuse(self, code: str) -> None:
        """Count a refusal."""
        self.tally.nacks[code] = self.tally.nacks.get(code, 0) + 1
