"""The messages of clients, as typed values.

A frame that cannot be decoded raises BadMessageError; its message names the field and what is allowed.
"""

from functools import reduce
from operator import or_
from typing import Any, cast

import msgspec
from msgspec import Struct

from chess_server.game.commands import CLIENT_COMMANDS, Command


class BadMessageError(ValueError):
    """A frame that cannot be decoded."""


class PoolData(Struct, frozen=True):
    """The pool to wait in. `key`: the client's own secret; who has it may have the redirect."""

    id: str
    key: str = ""


class KeyData(Struct, frozen=True):
    """Whose wait is meant."""

    key: str = ""


class Ping(Struct, frozen=True, tag_field="t", tag="p"):
    """A ping. A lag that the client states in it is ignored."""


class PoolIn(Struct, frozen=True, tag_field="t", tag="poolIn"):
    """Wait in a pool."""

    d: PoolData


class PoolOut(Struct, frozen=True, tag_field="t", tag="poolOut"):
    """Stop waiting."""

    d: KeyData | None = None


class CommandMessage(Struct, frozen=True):
    """The message of a command. `_message` makes one class for each."""

    d: Any = None


Request = Ping | PoolIn | PoolOut | Command


def _message(command: type[Command]) -> type[CommandMessage]:
    """Make the message class of a command. Its data may be left out if no field is required."""
    required = any(field.required for field in msgspec.structs.fields(command))
    data: Any = ("d", command) if required else ("d", command | None, None)
    name = f"{command.__name__}Message"
    made = msgspec.defstruct(
        name, [data], bases=(CommandMessage,), frozen=True, tag_field="t", tag=command.name
    )
    return cast("type[CommandMessage]", made)


COMMANDS: dict[type[CommandMessage], type[Command]] = {
    _message(command): command for command in CLIENT_COMMANDS
}
MESSAGES: tuple[type[Struct], ...] = (Ping, PoolIn, PoolOut, *COMMANDS)
ALLOWED = ", ".join(str(message.__struct_config__.tag) for message in MESSAGES)
PING = Ping()
_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(reduce(or_, MESSAGES))


def decode(frame: bytes) -> Request:
    """Decode a text frame; raises BadMessageError."""
    if frame == b"null":
        return PING
    try:
        message = _decoder.decode(frame)
    except msgspec.ValidationError as error:
        raise BadMessageError(_explained(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessageError(f"not JSON: {error}") from None
    return _command(message) if isinstance(message, CommandMessage) else cast("Request", message)


def _command(message: CommandMessage) -> Command:
    command: Command = COMMANDS[type(message)]() if message.d is None else message.d
    return command


def _explained(message: str) -> str:
    if message.endswith("`$.t`") or "missing required field `t`" in message:
        return f"{message}; allowed as t: {ALLOWED}"
    return message
