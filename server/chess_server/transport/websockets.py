"""The reference transport: `websockets`, compression off. Slower, but complete: picows must behave like it."""

import asyncio
import contextlib
from http import HTTPStatus
from time import monotonic
from typing import Any, cast
from weakref import WeakKeyDictionary, WeakSet

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from chess_presence.cancelling import end
from chess_server.transport.keepalive import Due, Keepalive
from chess_server.transport.link import Admit, Ending, Handler, Limits, Refused

HANDSHAKE_SECONDS = 5.0
CLOSE_SECONDS = 2.0
ABNORMAL = 1006


class WebsocketsLink:
    """One socket."""

    def __init__(self, connection: ServerConnection, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
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
            waiter = asyncio.get_running_loop().create_task(self._await_pong(payload))
            waiter.add_done_callback(_forget)

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
        self._server: Server | None = None
        self._keepalives: asyncio.Task[None] | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port."""
        self._server = await serve(
            self._serve_one,
            host,
            port,
            process_request=self._decide,
            compression=None,
            max_size=self._limits.max_message,
            open_timeout=HANDSHAKE_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,
            server_header=None,
            create_connection=cast("type[ServerConnection]", self._connection),  # only ever called
        )
        self._keepalives = asyncio.get_running_loop().create_task(self._check_keepalives())
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and cut what is still open."""
        await end(self._keepalives)
        if self._server is not None:
            self._server.close()
            await asyncio.sleep(0)  # so that a connection just accepted has its transport
            for connection in list(self._connections):
                connection.transport.abort()
            await self._server.wait_closed()

    def _connection(self, *arguments: Any, **options: Any) -> ServerConnection:
        connection = ServerConnection(*arguments, **options)
        self._connections.add(connection)
        return connection

    async def _decide(self, connection: ServerConnection, request: Request) -> Response | None:
        answer = self._admit(request.path)
        if isinstance(answer, Refused):
            headers = Headers({**answer.headers, "Content-Type": "application/json", "Connection": "close"})
            headers["Content-Length"] = str(len(answer.body))
            return Response(answer.status, HTTPStatus(answer.status).phrase, headers, answer.body)
        self._accepted[connection] = answer
        return None

    async def _serve_one(self, connection: ServerConnection) -> None:
        client = self._accepted.pop(connection)
        link = WebsocketsLink(connection, self._limits)
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


def _forget(task: "asyncio.Task[None]") -> None:
    """Retrieve the failure of a ping, so that asyncio does not log it: a socket may close while a ping is under way."""
    if not task.cancelled():
        task.exception()
