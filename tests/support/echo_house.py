"""Both transports with a handler that echoes, and a client on a bare socket that does what no library would."""

import asyncio
import base64
import contextlib
import os
import socket
import struct
from typing import Any

from websockets.asyncio.client import connect

from chess_server.transport.link import Ending, Link, Refused, Transport, UpgradeRequest

CONTINUATION = 0x0
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


class Echo:
    """Says everything again; `close` and `flood` do as they say."""

    def __init__(self) -> None:
        self.link: Link | None = None
        self.ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self.controls, self.most_controls = 0, 1_000_000

    def opened(self, link: Link) -> None:
        self.link = link
        link.send(b"hello")

    def text(self, message: bytes) -> None:
        assert self.link is not None
        if message == b"close":
            self.link.close(1012, "restart", "drain_deadline")
            self.link.send(b"after the close")
        elif message == b"flood":
            for _ in range(4000):
                self.link.send(1000 * b"x")
        else:
            self.link.send(message)

    def control(self) -> None:
        self.controls += 1
        if self.controls > self.most_controls:
            assert self.link is not None
            self.link.close(1008, "rate limit", "policy")

    def closed(self, ending: Ending) -> None:
        self.ending.set_result(ending)


class Front:
    def __init__(self) -> None:
        self.clients: list[Echo] = []
        self.requests: list[UpgradeRequest] = []

    def admit(self, request: UpgradeRequest) -> Echo | Refused:
        self.requests.append(request)
        if request.target != "/echo?sri=12345678":
            return Refused(status=503, body=b'{"error":{}}\n', headers={"Retry-After": "1"})
        self.clients.append(Echo())
        return self.clients[-1]


class House:
    def __init__(self, front: Front, transport: Transport, port: int) -> None:
        self.front = front
        self.transport = transport
        self.port = port

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/echo?sri=12345678"

    async def connect(self) -> Any:
        socket = await connect(self.url, proxy=None)
        assert await socket.recv() == "hello"
        return socket

    async def ending(self) -> Ending:
        async with asyncio.timeout(60):
            return await self.front.clients[-1].ending


def encode(
    opcode: int,
    payload: bytes,
    *,
    fin: bool = True,
    mask: bytes | bool = True,
    rsv: int = 0,
    says: int | None = None,
) -> bytes:
    """Encode a frame. `mask`: a key, True for a key of zeros, False for none; `says`: another length than it has."""
    key = mask if isinstance(mask, bytes) else bytes(4) if mask else b""
    length = len(payload) if says is None else says
    flag = 0x80 if key else 0
    head = bytes([(0x80 if fin else 0) | rsv | opcode])
    if length < 126:
        head += bytes([flag | length])
    elif length < 65536:
        head += bytes([flag | 126]) + struct.pack("!H", length)
    else:
        head += bytes([flag | 127]) + struct.pack("!Q", length)
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload)) if any(key) else payload
    return head + key + masked


class Raw:
    """A client that does what no library would."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(
        cls, house: House, connection: str = "Upgrade", target: str = "/echo?sri=12345678", more: str = ""
    ) -> "Raw":
        raw = cls(*await asyncio.open_connection("127.0.0.1", house.port))
        key = base64.b64encode(os.urandom(16)).decode()
        raw.writer.write(
            f"GET {target} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: {connection}\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{more}\r\n".encode()
        )
        raw.head = await raw.reader.readuntil(b"\r\n\r\n")
        return raw

    def frame(self, opcode: int, payload: bytes, **more: Any) -> None:
        self.writer.write(encode(opcode, payload, **more))

    async def read(self) -> tuple[int, bytes]:
        """The next frame that is no ping."""
        async with asyncio.timeout(60):
            while True:
                first, second = await self.reader.readexactly(2)
                length = second & 0x7F
                if length == 126:
                    [length] = struct.unpack("!H", await self.reader.readexactly(2))
                payload = await self.reader.readexactly(length)
                if first & 0xF != PING:
                    return first & 0xF, payload

    async def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        async with asyncio.timeout(60):
            return await self.reader.read()

    async def close_code(self) -> int:
        while True:
            opcode, payload = await self.read()
            if opcode == CLOSE:
                self.writer.close()
                return struct.unpack("!H", payload[:2])[0]


async def narrow(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose own kernel buffers hold little, so that what is written has been taken."""
    one = socket.socket()
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        one.setsockopt(socket.SOL_SOCKET, option, 8192)
    one.setblocking(False)  # noqa: FBT003 - socket takes no keyword here
    await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
    return await asyncio.open_connection(sock=one)


async def pour(writer: asyncio.StreamWriter, chunk: bytes, most: int) -> int:
    """Write until the other end is gone; return how much was taken."""
    taken = 0
    with contextlib.suppress(OSError):
        while taken < most:
            writer.write(chunk)
            await writer.drain()
            taken += len(chunk)
            await asyncio.sleep(0)
    return taken
