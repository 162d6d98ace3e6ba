"""The door before servers and stores: where it leads, and what it does to those who go through."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from chess_bench.bots.door import Door

DEADLINE = 20.0
Call = Callable[[Door], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def greet(name: bytes) -> asyncio.Server:
    """Serve a name, then whatever is said."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(name)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(100):
                writer.write(data)
        writer.transport.abort()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def port(server: asyncio.Server) -> int:
    found: int = server.sockets[0].getsockname()[1]
    return found


@pytest.fixture
async def ports() -> AsyncIterator[list[int]]:
    servers = [await greet(b"a"), await greet(b"b")]
    yield [port(server) for server in servers]
    for server in servers:
        server.close()


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    """Connect to a door; everything is closed at the end."""
    writers: list[asyncio.StreamWriter] = []

    async def connect(door: Door) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        writers.append(writer)
        return reader, writer

    yield connect
    for writer in writers:
        writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def said(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(DEADLINE):
        return await reader.read(1)


async def ended(reader: asyncio.StreamReader) -> bool:
    try:
        return await said(reader) == b""
    except ConnectionError:
        return True


async def test_each_connection_goes_to_the_next_server_that_answers(ports: list[int], call: Call) -> None:
    nobody = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    closed = port(nobody)
    nobody.close()
    await nobody.wait_closed()
    async with Door([ports[0], closed, ports[1]]) as door:
        assert [await said((await call(door))[0]) for _ in range(4)] == [b"a", b"b", b"b", b"a"]


async def test_a_cut_ends_every_connection_and_lets_nobody_in_for_a_while(
    ports: list[int], call: Call
) -> None:
    async with Door(ports[:1]) as door:
        reader, _ = await call(door)
        assert await said(reader) == b"a"
        cut = asyncio.create_task(door.cut_off(0.3))
        assert await ended(reader)
        assert await ended((await call(door))[0]) or cut.done()
        await cut
        assert await said((await call(door))[0]) == b"a"


async def test_what_is_swallowed_arrives_late(ports: list[int], call: Call) -> None:
    async with Door(ports[:1]) as door:
        reader, writer = await call(door)
        assert await said(reader) == b"a"
        swallowing = asyncio.create_task(door.swallow(0.3))
        await asyncio.sleep(0)
        writer.write(b"x")
        assert await said(reader) == b"x"
        assert swallowing.done()
