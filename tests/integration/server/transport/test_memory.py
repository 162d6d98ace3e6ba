"""What one hostile client may make a server's process hold, on either transport, at the counts of real attacks."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from echo_house import PING, TEXT, encode, narrow, pour
from polling import eventually

pytestmark = pytest.mark.integration

MOST_MIB = 24
"""What the process may grow by, whatever is thrown at it: its own allocations vary by a few MiB."""


@pytest.fixture(scope="module", params=["picows", "websockets"])
def server(make_fleet: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A server whose rates bound nothing, so that only bytes do."""
    with make_fleet(f"memory-{request.param}") as fleet:
        yield fleet.start(1, CHESS_TRANSPORT=request.param, CHESS_LOBBY_RATE="1000000000/1")[0]


def mib(server: Any, what: str) -> float:
    """The process's memory: now (`VmRSS`) or at most since its start (`VmHWM`)."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [kib] = re.findall(rf"{what}:\s+(\d+) kB", status)
    return int(kib) / 1024


SOCKETS, MOST_KIB = 900, 2.0
"""How much more a socket may take whose request had a browser's headers, which are 6 KiB as objects."""
BROWSERS = "".join(f"X-Header-{number:02d}: {40 * 'x'}\r\n" for number in range(20)).encode()

HEAD = (
    b"GET /lobby/socket?sri=12345678 HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
)
KEY = b"Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"


async def test_pings_whose_answers_nobody_reads(server: Any) -> None:
    before = mib(server, "VmRSS")
    async with asyncio.timeout(120):
        for _ in range(8):
            reader, writer = await narrow(server.port)
            writer.write(HEAD + KEY)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            writer.transport.pause_reading()
            taken = await pour(writer, 64 * encode(PING, 125 * b"x"), 256 << 20)
            assert taken < 16 << 20, "the socket is cut"
            writer.transport.abort()
    assert mib(server, "VmHWM") - before < MOST_MIB


async def test_heads_without_end(server: Any) -> None:
    """Forty of ten megabytes: 400 MB at most."""
    before = mib(server, "VmRSS")
    async with asyncio.timeout(120):
        for line in (b"X: " + 4000 * b"x" + b"\r\n", 4000 * b"x"):
            for _ in range(20):
                _, writer = await narrow(server.port)
                writer.write(HEAD)
                assert await pour(writer, line, 10 << 20) < 1 << 20
                writer.transport.abort()
    assert mib(server, "VmHWM") - before < MOST_MIB


async def test_frames_without_end(server: Any) -> None:
    """Forty of a terabyte: who sends on after the refusal fills no memory, and holds no socket for long."""
    before, open_before = mib(server, "VmRSS"), server.descriptors
    async with asyncio.timeout(120):
        for _ in range(40):
            reader, writer = await narrow(server.port)
            writer.write(HEAD + KEY)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            writer.write(encode(TEXT, b"", says=1 << 40))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await pour(writer, 4000 * b"x", 10 << 20)
            writer.transport.abort()
    assert mib(server, "VmHWM") - before < MOST_MIB
    # A pool of the server may have grown meanwhile; forty would be all.
    await eventually(lambda: server.descriptors <= open_before + 10, "all are released", within=60)


async def test_what_a_request_said_is_not_kept(make_fleet: Any) -> None:
    """In a new process, whose memory holds nothing that was freed, with the transport that plays."""
    with make_fleet("memory-silent") as fleet:
        [server] = fleet.start(1)
        writers, grown = await silent(server.port, 100, b""), []
        for headers in (b"", BROWSERS):
            before = mib(server, "VmRSS")
            writers += await silent(server.port, SOCKETS, headers)
            grown.append((mib(server, "VmRSS") - before) * 1024 / SOCKETS)
        for writer in writers:
            writer.transport.abort()
        assert grown[1] - grown[0] < MOST_KIB, grown


async def silent(port: int, count: int, headers: bytes) -> list[asyncio.StreamWriter]:
    """Open sockets that send nothing, and wait until each is open."""
    opened = []
    async with asyncio.timeout(120):
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + headers + KEY)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
            opened.append(writer)
    return opened
