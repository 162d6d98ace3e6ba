"""The protocol as a client speaks it (docs/protocol.md): text frames in, typed messages out, and back.

Written from the document alone, without the server's code, so that a mistake on either side shows.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

PING = "null"
PONG = "0"

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class WireError(ValueError):
    """A frame that the protocol does not know."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the server: `data` is whatever JSON its type carries."""

    type: str
    data: Any = None
    v: int | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a paired player goes: the game's id, the path that does without a token, its color, and the token."""

    game_id: str
    path: str
    color: str
    token: str = ""


@dataclass(slots=True)
class Action:
    """What a player does; sent any number of times with the same `a`, the server does it once."""

    a: int
    type: str
    ply: int = 0
    uci: str = ""
    sent_at: float = 0.0

    def text(self) -> str:
        """Encode for the wire."""
        data: dict[str, object] = {"u": self.uci, "a": self.a} if self.uci else {"a": self.a}
        return encode(self.type, data)


def encode(kind: str, data: dict[str, object] | None = None) -> str:
    """Encode one message of a client."""
    return _encode({"t": kind} if data is None else {"t": kind, "d": data}).decode()


def decode(text: str) -> Message:
    """Decode one frame of the server; a pong gets the type `pong`."""
    if text == PONG:
        return Message("pong")
    try:
        frame = _decode(text)
    except msgspec.DecodeError as error:
        raise WireError(f"not JSON: {text[:80]!r}: {error}") from None
    if not isinstance(frame, dict) or not isinstance(frame.get("t"), str):
        raise WireError(f"no message type: {text[:80]!r}")
    return Message(frame["t"], frame.get("d"), frame.get("v"), frame.get("epoch"))


def redirect(message: Message) -> Redirect:
    """Read where a `redirect` leads."""
    full_id = message.data["id"]
    return Redirect(full_id[:8], message.data["url"], message.data["color"], message.data.get("token", ""))
