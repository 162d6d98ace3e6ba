"""A TCP relay on loopback: what a test needs of DNS, a load balancer and a bad network.

New connections go to `target`; those that are open stay where they are, as clients of a name that now means another
host. A stalled relay passes nothing on and closes nothing; one with `late_seconds` is as slow as a long way.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

CHUNK = 65536


class Relay:
    """A listening relay. Set `target` to another port, `stall` and `resume` it, or `cut` all connections."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.accepted = 0
        self.late_seconds = 0.0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def open(self) -> int:
        """The number of sockets that are open, two for each connection."""
        return len(self._writers)

    def stall(self) -> None:
        """Pass nothing on from now on."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass on what has been held back."""
        self._flowing.set()

    def cut(self) -> None:
        """Cut all connections, without a farewell."""
        for writer in self._writers:
            writer.transport.abort()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join a connection to the target of this moment."""
        self.accepted += 1
        self._writers.add(writer)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back)
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.get_running_loop().create_task(self._pass_on(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(CHUNK):
                await self._flowing.wait()
                if self.late_seconds:
                    asyncio.get_running_loop().call_later(self.late_seconds, sink.write, data)
                else:
                    sink.write(data)
                    await sink.drain()
        await asyncio.sleep(self.late_seconds)
        sink.close()
        self._writers.discard(sink)

    async def close(self) -> None:
        """Cut all connections and end."""
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def relay(target: int, host: str = "127.0.0.1") -> AsyncIterator[Relay]:
    """Run a relay on a loopback address."""
    made = Relay(target)
    server = await asyncio.start_server(made.accept, host, 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await made.close()
