"""What a player asks of the world: the pure side returns these, the socket shell carries them out."""

from dataclasses import dataclass

DONE = 1000


@dataclass(frozen=True, slots=True)
class Open:
    """Open a WebSocket and call it by this number from now on."""

    socket: int
    path: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send one text frame."""

    socket: int
    text: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close with a close handshake."""

    socket: int
    code: int = DONE


@dataclass(frozen=True, slots=True)
class Abandon:
    """Cut a socket that answers no more, without waiting for anything."""

    socket: int


Effect = Open | Send | Close | Abandon
