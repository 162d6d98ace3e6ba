"""A game as the servers share it through Redis: the values that stores return and rooms compare."""

from dataclasses import dataclass

from msgspec import Struct

from chess_server.game.color import Color
from chess_server.game.state import Game


class Held(Struct, frozen=True, kw_only=True):
    """A game as Redis holds it. Versions above `committed` are not published and may not be stored.

    `since_ms` is when the turn began, by Redis TIME.
    """

    game: Game
    committed: int
    since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Since when each player is away; None for a player who is connected, on any server."""

    white_left_ms: int | None
    black_left_ms: int | None

    def left_ms(self, color: Color) -> int | None:
        """Since when a player is away; None for one who is connected."""
        return self.white_left_ms if color == "white" else self.black_left_ms


def crowd_of(white_left: bytes, black_left: bytes) -> Crowd:
    """Parse what seat.lua returns and publishes."""
    return Crowd(white_left_ms=int(white_left) or None, black_left_ms=int(black_left) or None)


def age(held: Held) -> tuple[int, int]:
    """Sort key of states: the higher epoch is newer, then the one with more published events."""
    return held.game.epoch, held.committed
