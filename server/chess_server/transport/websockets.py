"""The reference transport: `websockets`, compression off. Slower, but complete: picows must behave like it."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from http import HTTPStatus
from time import monotonic
from typing import Any, cast
from weakref import WeakKeyDictionary, WeakSet

from websockets import http11
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import CTRL_OPCODES, CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Event, State
from websockets.typing import Subprotocol

from chess_presence.cancelling import end, shared
from chess_server.transport.handshakes import Handshakes
from chess_server.transport.keepalive import Due, Keepalive
from chess_server.transport.link import (
    MAX_HEAD,
    RECEIVE_BUFFER,
    Admit,
    Ending,
    Handler,
    Limits,
    Refused,
    UpgradeRequest,
)
from chess_server.transport.listening import listen, port_of

HANDSHAKE_SECONDS = 5.0
CLOSE_SECONDS = 2.0
ABNORMAL = 1006

http11.MAX_LINE_LENGTH = (
    MAX_HEAD  # a line may be as long as the whole head, as with picows; the head is bounded below
)


class GuardedConnection(ServerConnection):
    """A connection whose request, control frames and pongs are bounded; the library bounds messages alone."""

    limits: Limits
    link: "WebsocketsLink | None" = None
    _head = 0

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes have come. A head that is too long is not read on, nor what follows a refusal."""
        if self.protocol.state is State.CONNECTING:
            self._head += len(data)
            if self._head > self.limits.max_head:
                self.transport.abort()
                return
        super().data_received(data)
        if self.link is not None:
            self.link.bound()

    def process_event(self, event: Event) -> None:
        """websockets: a request or a frame has come."""
        if self.link is not None and isinstance(event, Frame) and _ends_no_message(event):
            self.link.client.control()
        super().process_event(event)


def _ends_no_message(frame: Frame) -> bool:
    return frame.opcode is not Opcode.CLOSE and (frame.opcode in CTRL_OPCODES or not frame.fin)


class WebsocketsLink:
    """One socket."""

    def __init__(self, connection: ServerConnection, client: Handler, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self.client = client
        self._keepalive = Keepalive(monotonic())
        self._closing: asyncio.Task[None] | None = None
        self.cause = ""

    @property
    def lag_ms(self) -> int:
        """The measured round trip."""
        return self._keepalive.lag_ms

    def send(self, frame: bytes) -> None:
        """Send a text frame; cut the socket of a client that reads too slowly."""
        if self.cause or self._connection.state.name != "OPEN":
            return
        self._connection.protocol.send_text(frame)
        self._connection.send_data()
        self.bound()

    def bound(self) -> None:
        """Cut the socket if more waits for its client than may."""
        if self._connection.transport.get_write_buffer_size() > self._limits.max_pending:
            self.cause = "slow_reader"
            self._connection.transport.abort()

    def close(self, code: int, reason: str, cause: str = "server") -> None:
        """Begin the close handshake."""
        if self.cause:
            return
        self.cause = cause
        self._closing = asyncio.get_running_loop().create_task(self._connection.close(code, reason[:120]))

    def check_keepalive(self, now: float) -> None:
        """Ping if that is due; close a socket from which nothing comes."""
        due = self._keepalive.due(now, self._limits)
        if due is Due.PING and not self.cause:
            self._ping(now)
        elif due is Due.CUT:
            self.close(1001, "nothing received", "idle")

    def received(self) -> None:
        """Note that a message was received."""
        self._keepalive.received(monotonic())

    def _ping(self, now: float) -> None:
        payload = self._keepalive.ping(now)
        with contextlib.suppress(ConnectionClosed):
            # its failure is nobody's: a socket may close while a ping is under way
            shared(asyncio.get_running_loop().create_task(self._await_pong(payload)))

    async def _await_pong(self, payload: bytes) -> None:
        await (await self._connection.ping(payload))
        self._keepalive.pong(payload, monotonic())


class WebsocketsTransport:
    """The listener and its sockets."""

    def __init__(self, admit: Admit, limits: Limits) -> None:
        self._admit = admit
        self._limits = limits
        self._links: set[WebsocketsLink] = set()
        self._connections: WeakSet[ServerConnection] = WeakSet()  # also those in the handshake
        self._accepted: WeakKeyDictionary[ServerConnection, Handler] = WeakKeyDictionary()
        self._handshakes: Handshakes[ServerConnection] = Handshakes(
            limits.max_handshakes, HANDSHAKE_SECONDS + 1.0
        )
        self._servers: list[Server] = []
        self._keepalives: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port."""
        listening = listen(host, port, RECEIVE_BUFFER)
        self._servers = [await self._serve(one) for one in listening]
        self._keepalives = asyncio.get_running_loop().create_task(self._check_keepalives())
        return port_of(listening)

    async def _serve(self, listening: socket.socket) -> Server:
        return await serve(
            self._serve_one,
            sock=listening,
            process_request=self._decide,
            select_subprotocol=self._choose,
            compression=None,
            max_size=self._limits.max_message,
            open_timeout=HANDSHAKE_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,
            server_header=None,
            create_connection=cast("type[ServerConnection]", self._connection),  # only ever called
        )

    async def stop(self) -> None:
        """Stop listening and cut what is still open."""
        await end(self._keepalives)
        for server in self._servers:
            server.close()
        await asyncio.sleep(0)  # so that a connection just accepted has its transport
        for connection in list(self._connections):
            connection.transport.abort()
        for server in self._servers:
            await server.wait_closed()

    def _connection(self, *arguments: Any, **options: Any) -> ServerConnection:
        connection = GuardedConnection(*arguments, **options)
        connection.limits = self._limits
        self._connections.add(connection)
        oldest = self._handshakes.begin(connection, monotonic())
        if oldest is not None and hasattr(oldest, "transport"):
            oldest.transport.abort()
        return connection

    async def _decide(self, connection: ServerConnection, request: Request) -> Response | None:
        self._handshakes.end(connection)
        address = connection.remote_address
        answer = self._admit(
            UpgradeRequest(
                target=request.path,
                peer=str(address[0]) if address else "",
                header=lambda name: ",".join(request.headers.get_all(name)),
            )
        )
        if isinstance(answer, Refused):
            headers = Headers({**answer.headers, "Content-Type": "application/json", "Connection": "close"})
            headers["Content-Length"] = str(len(answer.body))
            return Response(answer.status, HTTPStatus(answer.status).phrase, headers, answer.body)
        self._accepted[connection] = answer
        return None

    def _choose(self, _connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
        return Subprotocol(self._limits.subprotocol) if self._limits.chosen(",".join(offered)) else None

    async def _serve_one(self, connection: ServerConnection) -> None:
        client = self._accepted.pop(connection)
        link = WebsocketsLink(connection, client, self._limits)
        cast("GuardedConnection", connection).link = link
        self._links.add(link)
        client.opened(link)
        link.check_keepalive(monotonic())
        try:
            await self._pump(connection, client, link)
        finally:
            self._links.discard(link)
            await connection.wait_closed()
            client.closed(_ending(connection, link.cause))

    async def _pump(self, connection: ServerConnection, client: Handler, link: WebsocketsLink) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                message = await connection.recv()
                link.received()
                if isinstance(message, str):
                    client.text(message.encode())
                else:
                    link.close(
                        CloseCode.UNSUPPORTED_DATA,
                        "binary frames are not accepted; send text",
                        "client_fault",
                    )
                    return

    async def _check_keepalives(self) -> None:
        interval = min(1.0, self._limits.ping_seconds / 4)
        while True:
            await asyncio.sleep(interval)
            now = monotonic()
            self._handshakes.forget_old(now)
            for link in list(self._links):
                link.check_keepalive(now)


def _ending(connection: ServerConnection, cause: str) -> Ending:
    protocol = connection.protocol
    received, sent = protocol.close_rcvd, protocol.close_sent
    if received is not None and (sent is None or protocol.close_rcvd_then_sent):
        return Ending(code=received.code, cause="client")
    if sent is not None and cause != "slow_reader":
        return Ending(code=sent.code, cause=cause or "client_fault")
    return Ending(code=ABNORMAL, cause=cause or "cut")
