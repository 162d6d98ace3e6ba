"""RFC 6455 case by case on bare sockets, grouped as in the Autobahn test suite, against both transports.

A case is what the client sends, what comes back in order, and the close code if the socket is closed by it. Where the
RFC leaves it open and the two transports differ, both answers are right; docs/protocol.md lists them.
"""

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from echo_house import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Front, House, Raw, encode

from chess_server.transport.link import MAX_MESSAGE, Limits
from chess_server.transport.picows import PicowsTransport
from chess_server.transport.websockets import WebsocketsTransport

pytestmark = pytest.mark.integration

KEY = b"\x37\xfa\x21\x3d"
STRANGE = "Hello-µ@ßöäüàá-UTF-8!! κόσμε \U0010ffff \ufffe".encode()
UNFINISHED = {"fin": False}


def close(code: int, reason: bytes = b"") -> bytes:
    return struct.pack("!H", code) + reason


@pytest.fixture(params=[PicowsTransport, WebsocketsTransport], ids=["picows", "websockets"])
async def patient(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A listening transport that closes no socket by keepalive while a case runs."""
    front = Front()
    transport = request.param(front.admit, Limits(ping_seconds=60, idle_seconds=120))
    port = await transport.start("127.0.0.1", 0)
    yield House(front, transport, port)
    await transport.stop()


ECHOED = {
    "1.1 empty": [(TEXT, b"", {})],
    "1.1 of 125 bytes": [(TEXT, 125 * b"*", {})],
    "1.1 of 126 bytes": [(TEXT, 126 * b"*", {})],
    "1.1 of 128 bytes": [(TEXT, 128 * b"*", {})],
    "1.1 as long as allowed": [(TEXT, MAX_MESSAGE * b"*", {})],
    "1.1 masked by a key": [(TEXT, STRANGE, {"mask": KEY})],
    "5.3 in two": [(TEXT, b"frag", UNFINISHED), (CONTINUATION, b"ment", {})],
    "5.6 in two, a ping between": [
        (TEXT, b"frag", UNFINISHED),
        (PING, b"p", {}),
        (CONTINUATION, b"ment", {}),
    ],
    "5.8 in two, a pong between": [
        (TEXT, b"frag", UNFINISHED),
        (PONG, b"?", {}),
        (CONTINUATION, b"ment", {}),
    ],
    "5.19 in five, pings between": [
        (TEXT, b"f1", UNFINISHED),
        (CONTINUATION, b"f2", UNFINISHED),
        (PING, b"p1", {}),
        (CONTINUATION, b"f3", UNFINISHED),
        (CONTINUATION, b"f4", UNFINISHED),
        (PING, b"p2", {}),
        (CONTINUATION, b"f5", {}),
    ],
    "6.1 of empty fragments": [
        (TEXT, b"", UNFINISHED),
        (CONTINUATION, b"", UNFINISHED),
        (CONTINUATION, b"", {}),
    ],
    "6.2 any letters": [(TEXT, STRANGE, {})],
    "6.2 cut within each letter": [
        (TEXT, STRANGE[:1], UNFINISHED),
        *((CONTINUATION, STRANGE[i : i + 1], UNFINISHED) for i in range(1, len(STRANGE))),
        (CONTINUATION, b"", {}),
    ],
    "9 as long as allowed, in fragments": [
        (TEXT, 4096 * b"*", UNFINISHED),
        (CONTINUATION, (MAX_MESSAGE - 4096) * b"*", {}),
    ],
}


@pytest.mark.parametrize("whole", [True, False], ids=["at-once", "byte-by-byte"])
@pytest.mark.parametrize("frames", [pytest.param(frames, id=name) for name, frames in ECHOED.items()])
async def test_messages_come_back_whole_and_pings_at_once(patient: House, frames: Any, whole: Any) -> None:
    raw = await _greeted(patient)
    sent = b"".join(encode(opcode, payload, **more) for opcode, payload, more in frames)
    await _deliver(raw, sent, whole=whole or len(sent) > 2000)
    expected = [(PONG, payload) for opcode, payload, _ in frames if opcode == PING]
    expected.append(
        (TEXT, b"".join(payload for opcode, payload, _ in frames if opcode in (TEXT, CONTINUATION)))
    )
    assert [await raw.read() for _ in expected] == expected
    await _closes_cleanly(raw)


async def _greeted(house: House) -> Raw:
    raw = await Raw.open(house)
    assert await raw.read() == (TEXT, b"hello")
    return raw


async def _deliver(raw: Raw, sent: bytes, *, whole: bool) -> None:
    if whole:
        raw.writer.write(sent)
        return
    for i in range(len(sent)):
        raw.writer.write(sent[i : i + 1])
        await raw.writer.drain()
        await asyncio.sleep(0)


async def _closes_cleanly(raw: Raw) -> None:
    raw.frame(CLOSE, close(1000, b"done"))
    opcode, payload = await raw.read()
    assert (opcode, payload[:2]) == (CLOSE, close(1000))
    assert await raw.rest() == b"", "the server closes the connection first"
    raw.writer.close()


PINGS = {
    "2.1 empty": [b""],
    "2.2 text": [b"Hello, world!"],
    "2.3 any bytes": [b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"],
    "2.4 of 125 bytes": [125 * b"\xfe"],
    "2.10 ten in order": [b"payload-%d" % number for number in range(10)],
}


@pytest.mark.parametrize("payloads", [pytest.param(payloads, id=name) for name, payloads in PINGS.items()])
async def test_a_ping_is_answered_with_its_payload(patient: House, payloads: Any) -> None:
    raw = await _greeted(patient)
    for payload in payloads:
        raw.frame(PING, payload, mask=KEY)
    assert [await raw.read() for _ in payloads] == [(PONG, payload) for payload in payloads]
    await _closes_cleanly(raw)


async def test_pongs_without_a_ping_are_ignored(patient: House) -> None:
    raw = await _greeted(patient)
    for payload in (b"", b"unsolicited", b"1"):
        raw.frame(PONG, payload)
    raw.frame(TEXT, b"still here")
    assert await raw.read() == (TEXT, b"still here")
    await _closes_cleanly(raw)


def _fault(code: int, *frames: Any) -> tuple[int, Any]:
    return code, frames


FAULTS = {
    "2.5 a ping of 126 bytes": _fault(1002, (PING, 126 * b"\xfe", {})),
    **{
        f"3 reserved bit {bit:#x} in text": _fault(1002, (TEXT, b"*", {"rsv": bit}))
        for bit in (0x40, 0x20, 0x10)
    },
    "3 all reserved bits": _fault(1002, (TEXT, b"*", {"rsv": 0x70})),
    "3 a reserved bit in a ping": _fault(1002, (PING, b"*", {"rsv": 0x40})),
    "3 a reserved bit in a close": _fault(1002, (CLOSE, close(1000), {"rsv": 0x20})),
    "3 a reserved bit in a last fragment": _fault(
        1002, (TEXT, b"*", UNFINISHED), (CONTINUATION, b"*", {"rsv": 0x40})
    ),
    **{f"4.1 opcode {opcode}": _fault(1002, (opcode, b"", {})) for opcode in range(3, 8)},
    **{f"4.2 opcode {opcode}": _fault(1002, (opcode, b"", {})) for opcode in range(11, 16)},
    "5.1 a ping in fragments": _fault(1002, (PING, b"fr", UNFINISHED), (CONTINUATION, b"ag", {})),
    "5.2 a pong in fragments": _fault(1002, (PONG, b"fr", UNFINISHED), (CONTINUATION, b"ag", {})),
    "5.9 a continuation of nothing": _fault(1002, (CONTINUATION, b"*", {})),
    "5.12 an unfinished continuation of nothing": _fault(1002, (CONTINUATION, b"*", UNFINISHED)),
    "5.18 a text within a text": _fault(1002, (TEXT, b"a", UNFINISHED), (TEXT, b"b", {})),
    "6.3 invalid bytes": _fault(1007, (TEXT, b"\xce\xba\xff", {})),
    "6.4 invalid bytes in a last fragment": _fault(
        1007, (TEXT, "κόσμε".encode(), UNFINISHED), (CONTINUATION, b"\xf4\x90\x80\x80", {})
    ),
    "6.6 half a letter": _fault(1007, (TEXT, b"\xce", {})),
    "6.8 an overlong slash": _fault(1007, (TEXT, b"\xc0\xaf", {})),
    "6.13 a lone continuation byte": _fault(1007, (TEXT, b"\x80", {})),
    "6.18 beyond U+10FFFF": _fault(1007, (TEXT, b"\xf4\x90\x80\x80", {})),
    "6.20 a surrogate": _fault(1007, (TEXT, b"\xed\xa0\x80", {})),
    "6.20 a pair of surrogates": _fault(1007, (TEXT, b"\xed\xa0\x80\xed\xb0\x80", {})),
    "7.3 a close with half a code": _fault(1002, (CLOSE, b"\x03", {})),
    "7.3 a close of 126 bytes": _fault(1002, (CLOSE, close(1000, 124 * b"*"), {})),
    "7.5 a reason that is no UTF-8": _fault(1007, (CLOSE, close(1000, b"\xce\xba\xff"), {})),
    **{
        f"7.9 a close with {code}": _fault(1002, (CLOSE, close(code), {}))
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    },
    "9 longer than allowed": _fault(1009, (TEXT, (MAX_MESSAGE + 1) * b"*", {})),
    "9 longer than allowed in fragments": _fault(
        1009, (TEXT, MAX_MESSAGE * b"*", UNFINISHED), (CONTINUATION, b"*", {})
    ),
    "9 fragments without end": _fault(
        1009, (TEXT, b"*", UNFINISHED), *(20 * [(CONTINUATION, 1000 * b"*", UNFINISHED)])
    ),
    "10 not masked": _fault(1002, (TEXT, b"*", {"mask": False})),
    "10 a ping that is not masked": _fault(1002, (PING, b"*", {"mask": False})),
    "ours: binary": _fault(1003, (BINARY, b"e2e4", {})),
}


@pytest.mark.parametrize("code, frames", [pytest.param(*fault, id=name) for name, fault in FAULTS.items()])
async def test_a_broken_frame_closes_with_its_code_and_nothing_comes_back(
    patient: House, code: Any, frames: Any
) -> None:
    raw = await _greeted(patient)
    for opcode, payload, more in frames:
        raw.frame(opcode, payload, **more)
    opcode, payload = await raw.read()
    assert (opcode, struct.unpack("!H", payload[:2])[0]) == (CLOSE, code)
    raw.writer.close()
    ending = await patient.ending()
    assert (ending.code, ending.cause) == (code, "client_fault")


@pytest.mark.parametrize(
    "code, frame",
    [(1009, encode(TEXT, 20_000 * b"*")), (1002, encode(TEXT, 2000 * b"*", mask=False))],
    ids=["longer than allowed", "not masked"],
)
async def test_why_a_socket_is_closed_is_read_also_where_the_frame_comes_in_parts(
    patient: House, code: int, frame: bytes
) -> None:
    """A server that closes the connection while the rest of a frame is on its way resets it."""
    raw = await _greeted(patient)
    raw.writer.write(frame[:100])
    await asyncio.wait([patient.front.clients[-1].ending], timeout=0.5)  # the server may give the socket up
    for start in range(100, len(frame), 1000):
        raw.writer.write(frame[start : start + 1000])
        await asyncio.sleep(0.001)
    opcode, payload = await raw.read()
    assert (opcode, struct.unpack("!H", payload[:2])[0]) == (CLOSE, code)
    assert await raw.rest() == b"", "the connection ends, and is not reset"
    raw.writer.close()
    assert (await patient.ending()).code == code


@pytest.mark.parametrize("says", [MAX_MESSAGE + 1, 65536, 2**31, 2**63 - 1])
async def test_a_length_that_is_too_long_is_refused_before_it_comes(patient: House, says: int) -> None:
    raw = await _greeted(patient)
    raw.frame(TEXT, b"", says=says)
    assert await raw.close_code() == 1009
    assert (await patient.ending()).code == 1009


@pytest.mark.parametrize(
    "code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]
)
async def test_a_close_is_answered_with_its_own_code(patient: House, code: int) -> None:
    raw = await _greeted(patient)
    raw.frame(CLOSE, close(code, 123 * b"*"))
    opcode, payload = await raw.read()
    assert (opcode, payload[:2]) == (CLOSE, close(code))
    assert await raw.rest() == b""
    raw.writer.close()
    ending = await patient.ending()
    assert (ending.code, ending.cause) == (code, "client")


@pytest.mark.parametrize("after", [TEXT, PING], ids=["text", "ping"])
async def test_what_follows_a_close_is_ignored(patient: House, after: int) -> None:
    raw = await _greeted(patient)
    raw.writer.write(encode(CLOSE, close(1000)) + encode(after, b"late"))
    opcode, payload = await raw.read()
    assert (opcode, payload[:2]) == (CLOSE, close(1000))
    assert await raw.rest() == b""
    raw.writer.close()
    ending = await patient.ending()
    assert (ending.code, ending.cause) == (1000, "client")


async def test_a_close_within_a_fragmented_message_ends_it(patient: House) -> None:
    raw = await _greeted(patient)
    raw.frame(TEXT, b"never", fin=False)
    raw.frame(CLOSE, close(1001))
    opcode, payload = await raw.read()
    raw.writer.close()
    assert (opcode, payload[:2]) in (
        (CLOSE, close(1001)),
        (CLOSE, close(1002)),
    )  # websockets calls it a fault
    assert (await patient.ending()).code in (1001, 1002)


async def test_a_close_without_a_code_is_answered_and_is_the_clients(patient: House) -> None:
    raw = await _greeted(patient)
    raw.frame(CLOSE, b"")
    opcode, payload = await raw.read()
    assert opcode == CLOSE
    assert payload in (b"", close(1000))
    raw.writer.close()
    ending = await patient.ending()
    assert ending.cause == "client"
