"""A way to a store on loopback that a test may listen to, and stall."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast
from urllib.parse import urlsplit, urlunsplit

from polling import eventually

from chess_localcluster.plan import LOOPBACK


class _End(asyncio.Protocol):
    """One of a connection's two ends: what it receives goes out at the other."""

    def __init__(self, tap: "Wiretap", received: bytearray) -> None:
        self._tap = tap
        self._received = received
        self._waiting = bytearray()
        self.other: _End | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._tap.ends.add(self)
        if self.other is None:
            self._tap.connect(self)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._waiting += data
        self.push()

    def push(self) -> None:
        if self._tap.flows and self.other is not None and self.other.transport is not None:
            self.other.transport.write(bytes(self._waiting))
            self._waiting.clear()

    def connection_lost(self, _error: Exception | None) -> None:
        self._tap.ends.discard(self)
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Wiretap:
    """Forwards connections to a store; `sent` is what clients sent on each, in order."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self.sent: list[bytearray] = []
        self.flows = True
        self.ends: set[_End] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """The store's URL, by this way."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        login = self._parts.netloc.rpartition("@")[0]
        return urlunsplit(self._parts._replace(netloc=f"{login}@{LOOPBACK}:{port}"))

    def stall(self) -> None:
        """Keep connections open, and let nothing through."""
        self.flows = False

    def flow(self) -> None:
        """Let everything through."""
        self.flows = True
        for each in list(self.ends):
            each.push()

    def connect(self, client: _End) -> None:
        """Connect a client's end to the store."""
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, client: _End) -> None:
        store = _End(self, bytearray())
        store.other = client
        await asyncio.get_running_loop().create_connection(
            lambda: store, self._parts.hostname, self._parts.port
        )
        client.other = store
        client.push()

    async def start(self) -> None:
        def accept() -> _End:
            self.sent.append(bytearray())
            return _End(self, self.sent[-1])

        self._server = await asyncio.get_running_loop().create_server(accept, LOOPBACK, 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        for each in list(self.ends):
            assert each.transport is not None
            each.transport.abort()
        await eventually(lambda: not self.ends, "every connection is closed")


@contextlib.asynccontextmanager
async def wiretap(url: str) -> AsyncIterator[Wiretap]:
    """Listen in on the way to a store."""
    tap = Wiretap(url)
    await tap.start()
    try:
        yield tap
    finally:
        await tap.stop()
