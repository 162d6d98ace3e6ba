"""What a hostile client may make either transport hold: request heads, control frames, answers that nobody reads."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from echo_house import PING, PONG, TEXT, Front, House, Raw, encode, narrow, pour

from chess_server.transport.link import Limits
from chess_server.transport.picows import PicowsTransport
from chess_server.transport.websockets import WebsocketsTransport

pytestmark = pytest.mark.integration

HEAD = b"GET /echo?sri=12345678 HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n"
LINE = b"X-%d: " + 4000 * b"x" + b"\r\n"


@pytest.fixture(params=[PicowsTransport, WebsocketsTransport], ids=["picows", "websockets"])
async def few(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A transport that lets eight connections wait without a request."""
    front = Front()
    transport = request.param(front.admit, Limits(max_handshakes=8))
    yield House(front, transport, await transport.start("127.0.0.1", 0))
    await transport.stop()


@pytest.mark.parametrize("line", [LINE, b"x" * 4000], ids=["many-headers", "one-line-without-end"])
async def test_a_head_without_end_is_not_read_on(house: Any, line: bytes) -> None:
    _, writer = await narrow(house.port)
    writer.write(HEAD)
    async with asyncio.timeout(60):
        taken = await pour(writer, line % 7 if b"%d" in line else line, 8 << 20)
    assert taken < 1 << 20
    writer.transport.abort()
    assert house.front.clients == []


async def test_what_follows_a_refusal_is_not_read_on(house: Any) -> None:
    _, writer = await narrow(house.port)
    writer.write(b"GET /other HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    async with asyncio.timeout(60):
        taken = await pour(writer, 4000 * b"x", 8 << 20)
    assert taken < 1 << 20
    writer.transport.abort()


async def test_pings_and_pongs_and_fragments_are_counted(house: Any) -> None:
    raw = await Raw.open(house)
    assert await raw.read() == (TEXT, b"hello")
    before = house.front.clients[-1].controls  # the answer to a ping of the server's
    raw.frame(PING, b"1")
    raw.frame(PONG, b"2")
    raw.frame(TEXT, b"", fin=False)
    raw.frame(0, b"", fin=False)
    raw.frame(0, b"whole")
    assert [await raw.read(), await raw.read()] == [(PONG, b"1"), (TEXT, b"whole")]
    assert house.front.clients[-1].controls - before >= 4
    raw.writer.close()


@pytest.mark.parametrize("frame", [encode(PING, b"x"), encode(0, b"", fin=False)], ids=["pings", "fragments"])
async def test_a_flood_of_frames_that_are_no_messages_is_closed(house: Any, frame: bytes) -> None:
    raw = await Raw.open(house)
    assert await raw.read() == (TEXT, b"hello")
    house.front.clients[-1].most_controls = 50
    raw.writer.write(encode(TEXT, b"", fin=False) + 500 * frame)
    assert await raw.close_code() == 1008
    assert (await house.ending()).cause == "policy"


async def test_pings_whose_answers_nobody_reads_cut_the_socket(house: Any) -> None:
    """Also where nothing counts them: what waits for a client is bounded in bytes."""
    raw = await Raw.open(house)
    raw.writer.transport.pause_reading()
    async with asyncio.timeout(60):
        await pour(raw.writer, 64 * encode(PING, 125 * b"x"), 256 << 20)
        assert (await house.ending()).cause == "slow_reader"
    raw.writer.transport.abort()


async def test_admission_is_given_target_address_and_headers(house: Any) -> None:
    raw = await Raw.open(house, more="X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n")
    request = house.front.requests[-1]
    assert (request.target, request.peer) == ("/echo?sri=12345678", "127.0.0.1")
    assert request.header("x-forwarded-for").replace(" ", "") == "1.1.1.1,2.2.2.2"
    assert request.header("Host") == "test"
    assert request.header("Origin") == ""
    raw.writer.close()


async def test_connections_that_ask_for_nothing_make_room_for_those_that_do(few: House) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", few.port) for _ in range(12)]
    async with asyncio.timeout(60):
        assert [await reader.read() for reader, _ in silent[:4]] == 4 * [b""]
    raw = await Raw.open(few)
    assert await raw.read() == (TEXT, b"hello")
    raw.writer.close()
    for _, writer in silent:
        writer.transport.abort()


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("X: " + 12_000 * "x" + "\r\n", id="one long line"),
        pytest.param("".join(f"X-{n}: {100 * 'x'}\r\n" for n in range(120)), id="many lines"),
    ],
)
async def test_both_transports_take_the_same_heads(house: Any, more: str) -> None:
    raw = await Raw.open(house, more=more)
    assert raw.head.startswith(b"HTTP/1.1 101")
    raw.writer.close()


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("X: " + 17_000 * "x" + "\r\n", id="a line that is too long"),
        pytest.param("".join(f"X-{n}: {150 * 'x'}\r\n" for n in range(120)), id="lines too long in all"),
        pytest.param("".join(f"X-{n}: x\r\n" for n in range(140)), id="too many lines"),
    ],
)
async def test_both_transports_refuse_the_same_heads(house: Any, more: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(HEAD + b"Connection: Upgrade\r\n" + more.encode() + b"\r\n")
    with contextlib.suppress(OSError):
        async with asyncio.timeout(60):
            assert b" 101 " not in await reader.read()
    writer.close()
    assert house.front.requests == []
