"""The server's messages as types. frames.py encodes them; docs/protocol.md's appendix is made from them (schema.py)."""

from functools import reduce
from operator import or_
from typing import Any, cast

import msgspec
from msgspec import Struct

from chess_server.game.color import Color
from chess_server.game.events import NAMES, Event
from chess_server.game.status import Result, Status


class Message(Struct, frozen=True, kw_only=True, tag_field="t"):
    """A message. `d` holds its data."""


class Data(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The data of a message. A field that is None is left out."""


class ErrorData(Data, frozen=True, kw_only=True):
    """Why something was not done."""

    code: str
    message: str


class NackData(ErrorData, frozen=True, kw_only=True):
    """Why the command `a` was not done."""

    a: int


class RedirectData(Data, frozen=True, kw_only=True):
    """The game of a paired player: `id` begins with the game's id, `token` is offered as a subprotocol there.

    The rest of `id`, and `url`, are a path that does without a token, for one version.
    """

    id: str
    url: str
    color: Color
    token: str | None = None


class RestartData(Data, frozen=True, kw_only=True):
    """When to reconnect: after the delay, and a random part of the jitter."""

    delay_ms: int
    jitter_ms: int


class PlayersHere(Data, frozen=True, kw_only=True):
    """Which players are connected."""

    white: bool
    black: bool


class GoneData(Data, frozen=True, kw_only=True):
    """Whether a player has gone."""

    color: Color
    gone: bool


class GoneInData(Data, frozen=True, kw_only=True):
    """In how many seconds a player's absence may be claimed."""

    color: Color
    seconds: float


class ClockData(Data, frozen=True, kw_only=True):
    """Seconds left as of now, and whose clock runs, if one does."""

    white: float
    black: float
    running: Color | None = None


class GameData(Data, frozen=True, kw_only=True):
    """Which game it is, and who the client is in it. Times in seconds."""

    id: str
    pool: str
    initial: int
    increment: int
    color: Color
    player: bool


class OpponentData(Data, frozen=True, kw_only=True):
    """Whether the opponent is connected; if not, in how many seconds the absence may be claimed."""

    online: bool
    gone_in: float | None = None


class FullData(Data, frozen=True, kw_only=True):
    """The whole game. `moves` are UCI, separated by blanks."""

    game: GameData
    clock: ClockData
    moves: str
    ply: int
    turn: Color
    fen: str
    status: Status
    opponent: OpponentData
    crowd: PlayersHere
    winner: Color | None = None
    draw_offer: Color | None = None
    takeback_offer: Color | None = None
    pgn_result: Result | None = None


class Ack(Message, frozen=True, kw_only=True, tag="ack"):
    """The command with this number is done."""

    d: int


class Nack(Message, frozen=True, kw_only=True, tag="nack"):
    """A numbered command is not done."""

    d: NackData


class Error(Message, frozen=True, kw_only=True, tag="error"):
    """What is not a nack."""

    d: ErrorData


class Redirect(Message, frozen=True, kw_only=True, tag="redirect"):
    """A player is paired."""

    d: RedirectData


class ServerRestart(Message, frozen=True, kw_only=True, tag="serverRestart"):
    """The client should reconnect to another server."""

    d: RestartData


class Crowd(Message, frozen=True, kw_only=True, tag="crowd"):
    """Which players are connected has changed."""

    d: PlayersHere


class Gone(Message, frozen=True, kw_only=True, tag="gone"):
    """The opponent has gone or is back."""

    d: GoneData


class GoneIn(Message, frozen=True, kw_only=True, tag="goneIn"):
    """When the opponent's absence may be claimed."""

    d: GoneInData


class ClockNow(Message, frozen=True, kw_only=True, tag="clock"):
    """The clock as of now."""

    d: ClockData


class Full(Message, frozen=True, kw_only=True, tag="full"):
    """The whole game, which replaces all that the client knew."""

    v: int
    epoch: int
    d: FullData


class EventMessage(Message, frozen=True, kw_only=True):
    """An event. `_event` makes one class for each."""

    v: int
    d: Any


def _event(kind: type[Struct]) -> type[EventMessage]:
    fields: list[Any] = [("v", int), ("d", kind)]
    made = msgspec.defstruct(
        f"{kind.__name__}Event", fields, bases=(EventMessage,), frozen=True, kw_only=True, tag=NAMES[kind]
    )
    made.__doc__ = f"An event: {(kind.__doc__ or '').strip()}"
    return cast("type[EventMessage]", made)


EVENTS: dict[type[Struct], type[EventMessage]] = {kind: _event(kind) for kind in NAMES}
AnyEvent: Any = reduce(or_, EVENTS.values())


class Batch(Message, frozen=True, kw_only=True, tag="batch"):
    """The events that a client has missed."""

    v: int
    epoch: int
    d: list[AnyEvent]


MESSAGES: tuple[type[Message], ...] = (
    Ack, Nack, Error, Redirect, ServerRestart, Crowd, Gone, GoneIn, ClockNow, Full, Batch, *EVENTS.values()
)  # fmt: skip
AnyMessage: Any = reduce(or_, MESSAGES)


def of_event(happened: Event, v: int) -> EventMessage:
    """Return the message of an event."""
    return EVENTS[type(happened)](v=v, d=happened)
