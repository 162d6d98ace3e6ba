"""The production transport: picows on uvloop. `picows_link` is one of its sockets."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from time import monotonic
from typing import Any

import structlog
from picows import (
    WSAutoPingStrategy,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined] # its stub leaves it out

from chess_presence.cancelling import end
from chess_server.transport.handshakes import Handshakes
from chess_server.transport.lingering import Lingering
from chess_server.transport.link import RECEIVE_BUFFER, Admit, Limits, Refused, UpgradeRequest
from chess_server.transport.listening import BACKLOG, listen, port_of
from chess_server.transport.picows_link import PicowsLink, TurnEnd

HANDSHAKE_SECONDS = 5.0
READ_BUFFER = 1024
SUBPROTOCOLS = "Sec-WebSocket-Protocol"

log = structlog.get_logger(__name__)


class PicowsTransport:
    """The listener and its sockets."""

    def __init__(self, admit: Admit, limits: Limits) -> None:
        self._admit = admit
        self._limits = limits
        self._links: set[PicowsLink] = set()
        self._turn_end = TurnEnd()
        self._lingering = Lingering()
        self._handshakes: Handshakes[_Door] = Handshakes(limits.max_handshakes, HANDSHAKE_SECONDS + 1.0)
        self._servers: list[asyncio.Server] = []
        self._keepalives: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port."""
        loop = asyncio.get_running_loop()
        listening = listen(host, port, RECEIVE_BUFFER)
        for one in listening:
            self._servers.append(await loop.create_server(self._protocol, sock=one, backlog=BACKLOG))
        self._keepalives = loop.create_task(self._check_keepalives())
        return port_of(listening)

    async def stop(self) -> None:
        """Stop listening and cut what is still open."""
        await end(self._keepalives)
        for server in self._servers:
            server.close()
        for link in list(self._links):
            link.cut("stopped")
        await asyncio.sleep(0)
        self._lingering.stop()

    def _protocol(self) -> Any:
        """Make a connection's protocol. picows' own factory would not say which connection a request came by."""
        door = _Door(self._listener, self._handshakes)
        door.protocol = _Protocol(
            None,  # host and port, which a client sends
            None,  # likewise the path
            False,  # noqa: FBT003 - is_client_side; picows takes no keywords here
            door,
            _QUIET,
            True,  # noqa: FBT003 - disconnect_on_exception
            HANDSHAKE_SECONDS,
            False,  # noqa: FBT003 - enable_auto_ping: the keepalive pings
            20,  # auto_ping_idle_timeout, not used
            20,  # auto_ping_reply_timeout, not used
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # noqa: FBT003 - enable_auto_pong: it would answer broken pings too
            self._limits.max_message,
            None,  # extra_headers, which a client sends
            READ_BUFFER,
        )
        oldest = self._handshakes.begin(door, monotonic())
        if oldest is not None:
            oldest.cut()
        return door.protocol

    def _listener(self, request: UpgradeRequest) -> PicowsLink | WSUpgradeResponseWithListener:
        answer = self._admit(request)
        if isinstance(answer, Refused):
            response = WSUpgradeResponse.create_error_response(
                HTTPStatus(answer.status), answer.body, {"Content-Type": "application/json", **answer.headers}
            )
            return WSUpgradeResponseWithListener(response, None)
        link = PicowsLink(answer, self._limits, self._links, self._turn_end, self._lingering)
        if not self._limits.chosen(request.header(SUBPROTOCOLS)):
            return link
        response = WSUpgradeResponse.create_101_response({SUBPROTOCOLS: self._limits.subprotocol})
        return WSUpgradeResponseWithListener(response, link)

    async def _check_keepalives(self) -> None:
        interval = min(1.0, self._limits.ping_seconds / 4)
        while True:
            await asyncio.sleep(interval)
            now = monotonic()
            self._handshakes.forget_old(now)
            for link in list(self._links):
                link.check_keepalive(now)


class _Protocol(WSProtocol):  # type: ignore[misc] # its stub leaves it out
    """picows' protocol. It tells nobody when it closes a socket for a fault of the client's."""

    __slots__ = ()

    def buffer_updated(self, count: int) -> None:
        """picows: bytes have come."""
        super().buffer_updated(count)
        if self.transport.is_close_frame_sent and self.listener is not None:
            self.listener.close_frame_sent()


class _Door:
    """Where one connection's request comes in: it knows the connection, and with it the address."""

    __slots__ = ("_handshakes", "_listener", "protocol")

    def __init__(
        self,
        listener: Callable[[UpgradeRequest], PicowsLink | WSUpgradeResponseWithListener],
        handshakes: "Handshakes[_Door]",
    ) -> None:
        self._listener = listener
        self._handshakes = handshakes
        self.protocol: Any = None

    def __call__(self, request: WSUpgradeRequest) -> PicowsLink | WSUpgradeResponseWithListener:
        self._handshakes.end(self)
        headers = request.headers
        if "upgrade" in headers.get("Connection", "").lower():
            headers["Connection"] = "upgrade"  # Firefox sends `keep-alive, Upgrade`, which picows refuses
        return self._listener(
            UpgradeRequest(
                target=request.path.decode("latin-1"),
                peer=self._peer(),
                header=lambda name: ",".join(headers.getall(name, [])),
            )
        )

    def cut(self) -> None:
        """Close the connection, whose request has not come."""
        protocol, self.protocol = self.protocol, None
        if protocol is not None and protocol.transport is not None:
            protocol.transport.underlying_transport.abort()

    def _peer(self) -> str:
        protocol, self.protocol = self.protocol, None  # each holds the other until here
        if protocol is None:
            return ""
        address = protocol.transport.underlying_transport.get_extra_info("peername")
        return str(address[0]) if address else ""


class _Quiet:
    """A logger for picows that keeps exceptions only. A real logger per connection would cost more than the socket."""

    def isEnabledFor(self, _level: int) -> bool:  # noqa: N802 - logging's own name
        return False

    def _nothing(self, *_args: object, **_more: object) -> None: ...

    debug = info = warning = error = log = _nothing

    def exception(self, message: str, *_args: object, **_more: object) -> None:
        log.exception("transport fault", detail=message)  # noqa: LOG004 - picows calls it while handling one


_QUIET = _Quiet()
