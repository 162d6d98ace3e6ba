"""What clients ask for: paths, and messages as typed values.

A frame that is not understood becomes a `BadMessageError` whose text names the field and what is allowed.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from chess_server.game.commands import (
    Abort,
    Command,
    DrawClaim,
    DrawForce,
    DrawNo,
    DrawYes,
    MakeMove,
    Resign,
    ResignForce,
)

Number = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class BadMessageError(ValueError):
    """A frame that means nothing here."""


class Numbered(Struct, frozen=True):
    """The data of a command: only its number."""

    a: Number | None = None


class MoveData(Struct, frozen=True):
    """The data of a move."""

    u: str
    a: Number


class PoolData(Struct, frozen=True):
    """The pool to wait in."""

    id: str


class Ping(Struct, frozen=True, tag_field="t", tag="p"):
    """A ping; a client's own statement of its lag is ignored."""


class PoolIn(Struct, frozen=True, tag_field="t", tag="poolIn"):
    """Wait in a pool."""

    d: PoolData


class PoolOut(Struct, frozen=True, tag_field="t", tag="poolOut"):
    """Stop waiting."""


class Move(Struct, frozen=True, tag_field="t", tag="move"):
    """Move."""

    d: MoveData


class _CommandMessage(Struct, frozen=True, tag_field="t"):
    """A command that is no move."""

    d: Numbered | None = None


class ResignMessage(_CommandMessage, frozen=True, tag="resign"):
    """Resign."""


class AbortMessage(_CommandMessage, frozen=True, tag="abort"):
    """Abort."""


class DrawYesMessage(_CommandMessage, frozen=True, tag="draw-yes"):
    """Offer or accept."""


class DrawNoMessage(_CommandMessage, frozen=True, tag="draw-no"):
    """Decline."""


class DrawClaimMessage(_CommandMessage, frozen=True, tag="draw-claim"):
    """Claim by the rules."""


class ResignForceMessage(_CommandMessage, frozen=True, tag="resign-force"):
    """Claim the win."""


class DrawForceMessage(_CommandMessage, frozen=True, tag="draw-force"):
    """Claim the draw."""


Request = (
    Ping
    | PoolIn
    | PoolOut
    | Move
    | ResignMessage
    | AbortMessage
    | DrawYesMessage
    | DrawNoMessage
    | DrawClaimMessage
    | ResignForceMessage
    | DrawForceMessage
)

COMMANDS: dict[type[_CommandMessage], type[Command]] = {
    ResignMessage: Resign,
    AbortMessage: Abort,
    DrawYesMessage: DrawYes,
    DrawNoMessage: DrawNo,
    DrawClaimMessage: DrawClaim,
    ResignForceMessage: ResignForce,
    DrawForceMessage: DrawForce,
}

ALLOWED = "p, poolIn, poolOut, move, resign, abort, draw-yes, draw-no, draw-claim, resign-force, draw-force"
PING = Ping()
_decoder = msgspec.json.Decoder(Request)


def decode(frame: bytes) -> Request:
    """Decode a text frame; raises BadMessageError."""
    if frame == b"null":
        return PING
    try:
        request: Request = _decoder.decode(frame)
    except msgspec.ValidationError as error:
        raise BadMessageError(_explained(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessageError(f"not JSON: {error}") from None
    return request


def command_of(request: Request) -> Command | None:
    """Turn a message into the command that it expresses, if it does."""
    if isinstance(request, Move):
        return MakeMove(uci=request.d.u, a=request.d.a)
    if isinstance(request, _CommandMessage):
        return COMMANDS[type(request)](a=None if request.d is None else request.d.a)
    return None


def _explained(message: str) -> str:
    if message.endswith("`$.t`") or "missing required field `t`" in message:
        return f"{message}; allowed as t: {ALLOWED}"
    return message
