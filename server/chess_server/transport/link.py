"""The interface between the server and its WebSockets, the same for every library.

A transport calls `Admit` once per upgrade request, then the `Handler` that it returned: `opened`, `text` for each whole
message, `control` for each other frame, `closed` exactly once. All calls are made on the event loop and return at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

MAX_MESSAGE = 8 * 1024
MAX_HEAD = 16 * 1024
RECEIVE_BUFFER = 32 * 1024
"""What the kernel may hold of one client's bytes. picows' own buffer grows to what one read returns, and stays so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a transport enforces on every socket. Seconds and bytes."""

    max_message: int = MAX_MESSAGE
    max_head: int = MAX_HEAD
    max_handshakes: int = 2048
    max_pending: int = 256 * 1024
    ping_seconds: float = 20.0
    idle_seconds: float = 60.0
    subprotocol: str = ""
    """Answered to whoever offers it, whatever else is offered beside it; nothing is answered to all others."""

    def chosen(self, offered: str) -> bool:
        """Whether the subprotocol is among the offered ones."""
        return bool(self.subprotocol) and self.subprotocol in [name.strip() for name in offered.split(",")]


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeRequest:
    """What an upgrade request says: its target (path and query), its headers, and the address that it came from.

    `header` returns the values of a header, joined by commas as RFC 9110 says; empty if it is not there.
    """

    target: str
    peer: str
    header: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The HTTP answer to an upgrade request that is not admitted."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a socket ended: the close code that counts, and why.

    `cause` is one word for logs and metrics; `client`: the client sent a close frame first.
    """

    code: int
    cause: str


class Link(Protocol):
    """The server's end of one socket."""

    def send(self, frame: bytes) -> None:
        """Send a text frame; does nothing if the socket is closing."""

    def close(self, code: int, reason: str, cause: str = "server") -> None:
        """Begin the close handshake; the socket is cut if the client does not answer."""

    @property
    def lag_ms(self) -> int:
        """The measured round trip of this socket's pings; 0 until the first pong."""


class Handler(Protocol):
    """Handles the events of one socket."""

    def opened(self, link: Link) -> None:
        """Handle the completed handshake."""

    def text(self, message: bytes) -> None:
        """Handle one message: valid UTF-8, within the limit."""

    def control(self) -> None:
        """Count a frame that ends no message: a ping, a pong, a fragment."""

    def closed(self, ending: Ending) -> None:
        """Handle the end of the socket."""


Admit = Callable[[UpgradeRequest], Handler | Refused]
"""Decides on an upgrade request."""


class Transport(Protocol):
    """A listening server."""

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port (a free one for 0)."""

    async def stop(self) -> None:
        """Close the listener and cut what is still open."""
