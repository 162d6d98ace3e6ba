"""The events of a game; each has the next version."""

from msgspec import Struct

from chess_server.game.color import Color
from chess_server.game.status import Result, Status


class Seconds(Struct, frozen=True, kw_only=True):
    """Both clocks in seconds, as on the wire."""

    white: float
    black: float


class Moved(Struct, frozen=True, kw_only=True):
    """A move; `ply` is 1 for White's first, `fen` the position after it."""

    ply: int
    uci: str
    san: str
    fen: str
    clock: Seconds


class DrawOffered(Struct, frozen=True, kw_only=True):
    """A color offered a draw."""

    color: Color


class DrawDeclined(Struct, frozen=True, kw_only=True):
    """A color declined the offer, or withdrew its own."""

    color: Color


class TakebackAsked(Struct, frozen=True, kw_only=True):
    """A color asks to take its last move back."""

    color: Color


class TakebackDeclined(Struct, frozen=True, kw_only=True):
    """A color declined that, or withdrew its own request."""

    color: Color


class TimeGiven(Struct, frozen=True, kw_only=True):
    """A color was given that many seconds by its opponent."""

    color: Color
    seconds: int


class Ended(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The game is over: always the last event."""

    status: Status
    winner: Color | None = None
    pgn_result: Result


Event = Moved | DrawOffered | DrawDeclined | TakebackAsked | TakebackDeclined | TimeGiven | Ended

NAMES: dict[type[Struct], str] = {
    Moved: "move",
    DrawOffered: "drawOffer",
    DrawDeclined: "drawDeclined",
    TakebackAsked: "takebackOffer",
    TakebackDeclined: "takebackDeclined",
    TimeGiven: "clockInc",
    Ended: "endData",
}
"""The type of each event on the wire."""
