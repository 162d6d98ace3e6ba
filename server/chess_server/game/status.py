"""The statuses of a game, as tables. Names are lila's.

Only facts that hold for every game belong here; no code that looks at a board.
"""

from typing import Literal

from chess_server.game.color import Color

Status = Literal[
    "started", "aborted", "mate", "resign", "stalemate", "draw", "outoftime", "timeout", "noStart"
]
Result = Literal["1-0", "0-1", "1/2-1/2", "*"]

UNPLAYED: frozenset[Status] = frozenset({"aborted", "noStart"})
"""Endings of a game that was not played: the PGN's result is `*`."""

FIRST_MOVES = 2
"""How many plies pass before the clocks run; afterwards a game cannot be aborted."""

WINS: dict[Color, Result] = {"white": "1-0", "black": "0-1"}


def result_of(status: Status, winner: Color | None) -> Result:
    """Return the PGN result of a status."""
    if status == "started" or status in UNPLAYED:
        return "*"
    return WINS[winner] if winner is not None else "1/2-1/2"
