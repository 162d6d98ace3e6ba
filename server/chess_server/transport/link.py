"""What the server knows of a WebSocket, whichever library carries it.

A transport calls `Front.accept` once for each upgrade request, then the `Client` that it gave back: `opened`, `text`
for each whole message, `closed` exactly once. All calls are made on the event loop and return at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

MAX_MESSAGE = 8 * 1024
CLEAN = frozenset({1000, 1001})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a transport enforces on every socket. Seconds and bytes."""

    max_message: int = MAX_MESSAGE
    max_pending: int = 256 * 1024
    ping_seconds: float = 20.0
    idle_seconds: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An upgrade that is answered with an HTTP status instead."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a socket ended: the close code that counts, and who began it.

    `by_client`: the client sent a close frame first. `cause` is one word for logs and metrics.
    """

    code: int
    by_client: bool
    cause: str


class Link(Protocol):
    """The server's end of one socket."""

    def send(self, frame: bytes) -> None:
        """Send a text frame; nothing happens if the socket is closing."""

    def close(self, code: int, reason: str, cause: str = "server") -> None:
        """Begin the close handshake; the socket is cut if the client does not answer."""

    @property
    def lag_ms(self) -> int:
        """The measured round trip of this socket's pings; 0 as long as none came back."""


class Client(Protocol):
    """Who is at the other end."""

    def opened(self, link: Link) -> None:
        """Say that the handshake is complete."""

    def text(self, message: bytes) -> None:
        """Hand over one message: UTF-8, checked, within the limit."""

    def closed(self, ending: Ending) -> None:
        """Say that the socket is gone."""


class Front(Protocol):
    """Decides on upgrade requests."""

    def accept(self, target: str) -> Client | Refused:
        """Decide on a request target (path and query)."""


class Transport(Protocol):
    """A listening server."""

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port (a free one for 0)."""

    async def stop(self) -> None:
        """Close the listener and cut what is still open."""
