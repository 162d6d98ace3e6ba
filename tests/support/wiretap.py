"""A way to a store on loopback that a test may listen to, and stall."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

from chess_localcluster.plan import LOOPBACK


class Wiretap:
    """Forwards connections to a store; `sent` is what clients sent on each, in order."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._parts, self._target = parts, (parts.hostname, parts.port)
        self.sent: list[bytearray] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
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
        self._flowing.clear()

    def flow(self) -> None:
        """Let everything through."""
        self._flowing.set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._target)
        sent = bytearray()
        self.sent.append(sent)
        for source, sink, kept in ((reader, back, sent), (there, writer, None)):
            task = asyncio.create_task(self._copy(source, sink, kept))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _copy(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, kept: bytearray | None
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := await source.read(65536):
                await self._flowing.wait()
                if kept is not None:
                    kept += chunk
                sink.write(chunk)
                await sink.drain()
        sink.close()


@contextlib.asynccontextmanager
async def wiretap(url: str) -> AsyncIterator[Wiretap]:
    """Listen in on the way to a store."""
    tap = Wiretap(url)
    await tap.start()
    try:
        yield tap
    finally:
        await tap.stop()
