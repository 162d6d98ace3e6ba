"""Carries out a player's effects with picows, and passes on what happens to its sockets. No logic here."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Protocol, cast

from picows import WSCloseCode, WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from chess_bench.bots.effects import Abandon, Close, Effect, Open, Send

HANDSHAKE_SECONDS = 10.0
CLOSE_SECONDS = 3.0
_QUIET = logging.getLogger("chess_bench.bots.sockets")
_QUIET.setLevel(logging.CRITICAL)  # a refused or cut connection concerns the player, not the log


class Owner(Protocol):
    """Who learns what happens to a socket."""

    def opened(self, socket: int) -> None:
        """Learn that the handshake is complete."""

    def refused(self, socket: int, retry_after_seconds: float | None) -> None:
        """Learn that the handshake failed."""

    def received(self, socket: int, text: str) -> None:
        """Take a text frame."""

    def closed(self, socket: int, code: int | None) -> None:
        """Learn that the connection ended, and that this side had not closed it."""


class _Listener(WSListener):
    def __init__(self, owner: Owner, number: int, sockets: "Sockets") -> None:
        super().__init__()
        self.owner, self._number, self._sockets = owner, number, sockets
        self._code: int | None = None
        self.transport: WSTransport | None = None
        self.closing = False

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport
        self._sockets.count(+1)
        if self.closing:
            transport.disconnect()
            return
        self.owner.opened(self._number)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.TEXT:
            if not self.closing:
                self.owner.received(self._number, frame.get_payload_as_utf8_text())
        elif frame.msg_type is WSMsgType.CLOSE:
            self._code = int(cast("IntEnum", frame.get_close_code()))
            if not self.closing:
                transport.send_close(WSCloseCode.OK)
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:  # noqa: ARG002 - the signature is picows'
        self._sockets.forget(self._number)
        self._sockets.count(-1)
        if not self.closing:
            self.closing = True
            self.owner.closed(self._number, self._code)

    def close(self, code: int) -> None:
        """Close as a client does; wait at most CLOSE_SECONDS for the answer."""
        self.closing = True
        if self.transport and not self.transport.is_disconnected:
            self.transport.send_close(WSCloseCode(code))
            asyncio.get_running_loop().call_later(CLOSE_SECONDS, self.transport.disconnect)

    def abandon(self) -> None:
        """Cut it at once."""
        self.closing = True
        if self.transport:
            self.transport.underlying_transport.abort()


class Sockets:
    """All connections of a fleet to one address."""

    def __init__(self, host: str, port: int, counted: Callable[[int], None]) -> None:
        self._base_url = f"ws://{host}:{port}"
        self._counted = counted
        self._ended = asyncio.Event()
        self.open = 0
        self._live: dict[int, _Listener] = {}
        self._opening: set[asyncio.Task[None]] = set()

    def carry_out(self, owner: Owner, effects: Iterable[Effect]) -> None:
        """Carry out what a player wants."""
        for effect in effects:
            match effect:
                case Send(number, text):
                    self._send(number, text)
                case Open(number, path, token):
                    # at once: it may be closed before the task begins
                    listener = self._live[number] = _Listener(owner, number, self)
                    task = asyncio.get_running_loop().create_task(self._open(listener, number, path, token))
                    self._opening.add(task)
                    task.add_done_callback(self._opening.discard)
                case Close(number, code):
                    if number in self._live:
                        self._live[number].close(code)
                case Abandon(number):
                    if number in self._live:
                        self._live[number].abandon()

    @property
    def numbers(self) -> tuple[int, ...]:
        """Sockets that are open or being opened."""
        return tuple(self._live)

    def count(self, change: int) -> None:
        """Count an opened or an ended connection."""
        self.open += change
        self._counted(self.open)

    def forget(self, number: int) -> None:
        """Remove a socket that has ended."""
        self._live.pop(number, None)
        self._ended.set()

    async def drain(self) -> None:
        """Wait for the closes in progress, then cut what is left."""
        for task in self._opening:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._none_left()
        for listener in list(self._live.values()):
            listener.abandon()

    async def _none_left(self) -> None:
        while self._live:
            self._ended.clear()
            await self._ended.wait()

    def _send(self, number: int, text: str) -> None:
        listener = self._live.get(number)
        if listener and listener.transport and not listener.closing:
            listener.transport.send(WSMsgType.TEXT, text.encode())

    async def _open(self, listener: _Listener, number: int, path: str, token: str) -> None:
        try:
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                await ws_connect(
                    lambda: listener,
                    self._base_url + path,
                    websocket_handshake_timeout=HANDSHAKE_SECONDS,
                    logger_name=_QUIET,
                    read_buffer_init_size=2048,
                    extra_headers=_offered(token) if token else None,
                )
        except (OSError, WSError, TimeoutError, asyncio.CancelledError) as error:
            self._not_opened(listener, number, _retry_after(error))
        else:
            if (
                listener.transport is None
            ):  # picows reports nothing if the connection is cut within the handshake
                self._not_opened(listener, number, None)

    def _not_opened(self, listener: _Listener, number: int, retry_after_seconds: float | None) -> None:
        if listener.transport:  # it was opened in the same moment, and reports its end itself
            return
        self.forget(number)
        if not listener.closing:
            listener.closing = True
            listener.owner.refused(number, retry_after_seconds)


def _offered(token: str) -> dict[str, str]:
    return {"Sec-WebSocket-Protocol": f"chess.v1, chess.token.{token}"}


def _retry_after(error: BaseException) -> float | None:
    response = getattr(error, "response", None)
    value = response.headers.get("Retry-After") if response is not None else None
    return float(value) if value and value.isdigit() else None
