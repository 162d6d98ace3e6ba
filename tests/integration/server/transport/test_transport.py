"""Both transports behave alike, on real sockets, before an admission whose clients echo."""

import asyncio
import contextlib
from typing import Any

import pytest
from echo_house import BINARY, CLOSE, PING, PONG, TEXT, Raw
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from chess_server.transport.link import Ending

pytestmark = pytest.mark.integration


async def test_text_comes_and_goes(house: Any) -> None:
    socket = await house.connect()
    await socket.send("schön")
    assert await socket.recv() == "schön"
    await socket.close()


async def test_a_close_by_the_client_is_answered_with_its_own_code(house: Any) -> None:
    socket = await house.connect()
    await socket.close(4001, "enough")
    assert socket.close_code == 4001
    assert await house.ending() == Ending(code=4001, cause="client")


async def test_a_close_by_the_server_has_its_code_and_reason_and_nothing_follows(house: Any) -> None:
    socket = await house.connect()
    await socket.send("close")
    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "restart")
    assert await house.ending() == Ending(code=1012, cause="drain_deadline")


async def test_a_client_that_does_not_answer_a_close_is_cut(house: Any) -> None:
    raw = await Raw.open(house)
    raw.frame(TEXT, b"close")
    assert await raw.close_code() == 1012
    assert (await house.ending()).code == 1012


async def test_a_cut_socket_is_abnormal(house: Any) -> None:
    socket = await house.connect()
    socket.transport.abort()
    assert await house.ending() == Ending(code=1006, cause="cut")


async def test_fragments_are_put_together_and_pings_may_come_between(house: Any) -> None:
    raw = await Raw.open(house)
    assert await raw.read() == (TEXT, b"hello")
    raw.frame(TEXT, b"e2", fin=False)
    raw.frame(PING, b"now")
    raw.frame(0, b"", fin=False)
    raw.frame(0, b"e4")
    assert [await raw.read(), await raw.read()] == [(PONG, b"now"), (TEXT, b"e2e4")]
    raw.writer.close()


@pytest.mark.parametrize(
    "frames, code",
    [
        pytest.param([(BINARY, b"e2e4", {})], 1003, id="binary"),
        pytest.param([(TEXT, b"\xff\xfe", {})], 1007, id="invalid-utf8"),
        pytest.param([(TEXT, b"\xc3", {"fin": False}), (0, b"(", {})], 1007, id="invalid-utf8-in-fragments"),
        pytest.param([(TEXT, 8193 * b"x", {})], 1009, id="frame-too-long"),
        pytest.param(
            [(TEXT, 5000 * b"x", {"fin": False}), (0, 5000 * b"x", {})], 1009, id="message-too-long"
        ),
        pytest.param([(0, b"x", {})], 1002, id="continuation-of-nothing"),
        pytest.param([(TEXT, b"x", {"fin": False}), (TEXT, b"y", {})], 1002, id="text-within-fragments"),
        pytest.param([(TEXT, b"x", {"rsv": 0x40})], 1002, id="reserved-bit"),
        pytest.param([(0x3, b"x", {})], 1002, id="reserved-opcode"),
        pytest.param([(PING, b"x", {"fin": False})], 1002, id="fragmented-ping"),
        pytest.param([(PING, 126 * b"x", {})], 1002, id="ping-too-long"),
        pytest.param([(TEXT, b"x", {"mask": False})], 1002, id="unmasked"),
        pytest.param([(CLOSE, b"\x03", {})], 1002, id="half-a-close-code"),
    ],
)
async def test_a_broken_frame_closes_the_socket_with_its_code(house: Any, frames: Any, code: Any) -> None:
    raw = await Raw.open(house)
    for opcode, payload, more in frames:
        raw.frame(opcode, payload, **more)
    assert await raw.close_code() == code
    ending = await house.ending()
    assert (ending.code, ending.cause) == (code, "client_fault")


async def test_ten_megabytes_are_refused_with_1009(house: Any) -> None:
    socket = await house.connect()
    with contextlib.suppress(ConnectionClosed):
        await socket.send(10_000_000 * "x")
    with pytest.raises(ConnectionClosed) as closed:
        await socket.recv()
    assert closed.value.rcvd.code == 1009


async def test_a_slow_reader_is_cut(house: Any) -> None:
    raw = await Raw.open(house)
    raw.writer.transport.pause_reading()
    for _ in range(20):
        raw.frame(TEXT, b"flood")
    ending = await house.ending()
    assert ending.cause == "slow_reader"
    raw.writer.transport.abort()


async def test_a_silent_client_is_closed(house: Any) -> None:
    raw = await Raw.open(house)  # answers no ping
    assert await raw.close_code() == 1001
    assert (await house.ending()).cause == "idle"


async def test_a_client_that_answers_pings_stays_and_its_lag_is_measured(house: Any) -> None:
    socket = await house.connect()
    echo = house.front.clients[-1]
    until = asyncio.get_running_loop().time() + 3.0  # more than the two seconds after which silence is cut
    while asyncio.get_running_loop().time() < until:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.1)
    assert socket.state.name == "OPEN"
    assert 0 <= echo.link.lag_ms < 1000
    await socket.close()


async def test_a_refused_upgrade_has_status_headers_and_body(house: Any) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://127.0.0.1:{house.port}/other", proxy=None)
    response = refused.value.response
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.headers["Content-Type"] == "application/json"
    assert response.body == b'{"error":{}}\n'


async def test_firefox_sends_keep_alive_and_upgrade(house: Any) -> None:
    raw = await Raw.open(house, connection="keep-alive, Upgrade")
    assert raw.head.startswith(b"HTTP/1.1 101")
    raw.writer.close()


async def test_a_request_without_an_upgrade_is_answered(house: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(b"GET /echo?sri=12345678 HTTP/1.1\r\nHost: test\r\n\r\n")
    status = await reader.readline()
    assert status.split()[1] in (b"400", b"426")
    writer.close()


async def test_stopping_does_not_wait(house: Any) -> None:
    """Neither for a handshake under way, nor for an open socket, nor for the answer to a close."""
    _, half = await asyncio.open_connection("127.0.0.1", house.port)
    half.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgr")
    open_socket = await house.connect()
    mute = await Raw.open(house)
    mute.frame(TEXT, b"close")
    assert await mute.close_code() == 1012
    async with asyncio.timeout(1.5):  # the limit of a handshake is 5 s, that of an unanswered close 2 s
        await house.transport.stop()
    with pytest.raises(ConnectionClosed):
        await open_socket.recv()
    half.close()


@pytest.mark.parametrize(
    "offered, answered",
    [
        ("", None),
        ("chess.v1", "chess.v1"),
        ("chess.v1, chess.token.secret", "chess.v1"),
        ("chess.token.secret,chess.v1", "chess.v1"),
        ("other", None),
    ],
)
async def test_a_subprotocol_is_answered_to_whoever_offers_it(
    house: Any, offered: str, answered: str | None
) -> None:
    raw = await Raw.open(house, more=f"Sec-WebSocket-Protocol: {offered}\r\n" if offered else "")
    head = raw.head.decode()
    assert " 101 " in head.partition("\r\n")[0]
    found = [
        line.partition(": ")[2]
        for line in head.splitlines()
        if line.lower().startswith("sec-websocket-protocol")
    ]
    assert found == ([] if answered is None else [answered])
    raw.writer.close()
