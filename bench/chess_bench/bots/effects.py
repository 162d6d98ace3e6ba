"""What a player wants done with its sockets: the pure player returns effects, `sockets` carries them out."""

from dataclasses import dataclass, field

DONE = 1000


@dataclass(frozen=True, slots=True)
class Open:
    """Open a WebSocket; this number names it from now on. `token`: offered beside the protocol, empty for none."""

    socket: int
    path: str
    token: str = field(default="", repr=False)


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
    """Cut a socket that no longer answers, without a close handshake."""

    socket: int


Effect = Open | Send | Close | Abandon
