"""Thousands of upgrade requests on bare sockets, whose clients then say nothing."""

import asyncio
import contextlib

from polling import eventually

AT_ONCE = 200


class Knock(asyncio.Protocol):
    """One upgrade request, and what came of it: the status, what followed it, whether the server has closed."""

    def __init__(self, path: str, address: str) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"X-Forwarded-For: {address}\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n"
        )
        self.received = b""
        self.transport: asyncio.WriteTransport | None = None
        self.answered = asyncio.Event()
        self.closed = False

    @property
    def status(self) -> int:
        """The HTTP status; 0 for a connection that ended without one."""
        return int(self.received.split(b" ", 2)[1]) if self.received else 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        transport.write(self._request.encode())

    def data_received(self, data: bytes) -> None:
        """Keep what comes."""
        self.received += data
        self.answered.set()

    def connection_lost(self, _error: Exception | None) -> None:
        """Note the end."""
        self.closed = True
        self.answered.set()


class Knocking:
    """Many clients at one door."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.knocks: list[Knock] = []

    async def ask(self, paths: list[str], address: str) -> list[int]:
        """Ask for paths from an address; return the statuses."""
        few = asyncio.Semaphore(AT_ONCE)
        return list(await asyncio.gather(*(self._ask(path, address, few) for path in paths)))

    async def _ask(self, path: str, address: str, few: asyncio.Semaphore) -> int:
        knock = Knock(path, address)
        self.knocks.append(knock)
        async with few:
            with contextlib.suppress(OSError):
                await asyncio.get_running_loop().create_connection(lambda: knock, "127.0.0.1", self._port)
                await knock.answered.wait()
        return knock.status

    async def until_all_closed(self, seconds: float) -> None:
        """Wait until the server has closed every socket."""
        await eventually(lambda: all(one.closed for one in self.knocks), "all are closed", within=seconds)

    def close(self) -> None:
        """Cut what is open."""
        for knock in self.knocks:
            if knock.transport is not None:
                knock.transport.abort()
