"""A load balancer, or a network, in a few lines: TCP connections to one port lead to others, and can be disturbed."""

import asyncio
import contextlib
import itertools
from typing import Self

CHUNK_BYTES = 64 * 1024


class Door:
    """Each new connection goes to the next port in turn, or where nobody answers there to the one after it."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.refusing = False
        self._turn = itertools.count()
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()
        self._passable = asyncio.Event()
        self._passable.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
        pipes = [*self._pipes]
        self.cut()
        await asyncio.gather(*pipes, return_exceptions=True)

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        assert self._server is not None  # noqa: S101 - a door is used within its context
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def cut(self) -> None:
        """Cut every connection, without a close handshake."""
        for pipe in self._pipes:
            pipe.cancel()

    async def cut_off(self, seconds: float) -> None:
        """Cut every connection, and let nobody in for that long."""
        self.refusing = True
        self.cut()
        await asyncio.sleep(seconds)
        self.refusing = False

    async def swallow(self, seconds: float) -> None:
        """Let nothing through for that long: both sides believe that they are connected."""
        self._passable.clear()
        await asyncio.sleep(seconds)
        self._passable.set()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler runs as a task
        self._pipes.add(task)
        task.add_done_callback(self._pipes.discard)
        back = None
        # the streams' own callback would log a cancellation as an error
        with contextlib.suppress(asyncio.CancelledError):
            back = await self._connect()
            if back:
                await asyncio.gather(
                    self._pump(reader, back[1]), self._pump(back[0], writer), return_exceptions=True
                )
        for end in (writer, *(back or ())[1:]):
            end.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        first = next(self._turn)
        for offset in range(0 if self.refusing else len(self.ports)):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(
                    "127.0.0.1", self.ports[(first + offset) % len(self.ports)]
                )
        return None

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self._passable.wait()
                writer.write(data)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
