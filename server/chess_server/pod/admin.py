"""The admin port: `/livez`, `/readyz`, `/metrics`. Plain HTTP, one answer per connection."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import NamedTuple

from chess_server.transport.listening import listen, port_of

REQUEST_SECONDS = 5.0


class Answer(NamedTuple):
    """An HTTP answer."""

    status: str
    body: bytes
    kind: str = "text/plain; charset=utf-8"


Handler = Callable[[], Answer]


class Admin:
    """An HTTP listener; `handlers` maps each path to what answers it."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._handlers = handlers
        self._servers: list[asyncio.Server] = []

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port."""
        listening = listen(host, port)
        self._servers = [await asyncio.start_server(self._serve, sock=one) for one in listening]
        return port_of(listening)

    async def stop(self) -> None:
        """Stop listening."""
        for server in self._servers:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(REQUEST_SECONDS):
                request = await reader.readuntil(b"\r\n\r\n")
            writer.write(_bytes(self._answer(request)))
            await writer.drain()
        writer.close()

    def _answer(self, request: bytes) -> Answer:
        words = request.split(b"\r\n", 1)[0].split(b" ")
        path = words[1].partition(b"?")[0].decode("latin-1") if len(words) > 1 else ""
        handler = self._handlers.get(path)
        if handler is None:
            return Answer("404 Not Found", f"allowed: {', '.join(self._handlers)}\n".encode())
        return handler()


def _bytes(answer: Answer) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status}\r\nContent-Type: {answer.kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + answer.body
