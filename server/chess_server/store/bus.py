"""Published news from Redis: one connection, a callback for each channel.

A subscription can die without a sign (redis-py#2089), so the server pings on the connection itself and gives it up when
nothing comes back. After each reconnect everything is subscribed again, and the listeners are told that they may have
missed something.
"""

import asyncio
import contextlib
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any

import structlog
from redis.asyncio import Connection
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

PING_SECONDS = 2.5
SILENCE_SECONDS = 6.0
RETRY_SECONDS = 0.25
RETRY_MOST_SECONDS = 2.0
CHUNK = 500

Listener = Callable[[bytes], None]


class Bus:
    """Subscriptions of this server."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._listeners: dict[str, Listener] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._connection: Connection | None = None
        self._heard_at = 0.0
        self.on_again: Callable[[], None] = lambda: None
        """Called when everything is subscribed again after a gap."""

    async def subscribe(self, channel: str, listener: Listener) -> None:
        """Listen to a channel; returns when Redis has confirmed it."""
        self._listeners[channel] = listener
        confirmed = self._confirmed.setdefault(channel, asyncio.Event())
        if self._connection is not None and not confirmed.is_set():
            await self._send("SSUBSCRIBE", channel)
        await confirmed.wait()

    async def unsubscribe(self, channel: str) -> None:
        """Stop listening."""
        self._listeners.pop(channel, None)
        confirmed = self._confirmed.pop(channel, None)
        if confirmed is not None:
            confirmed.set()  # whoever still waits for it is not left waiting
            await self._send("SUNSUBSCRIBE", channel)

    async def run(self) -> None:
        """Stay connected for ever."""
        pause = RETRY_SECONDS
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                log.info("subscription lost", error=f"{type(error).__name__}: {error}"[:200])
                up_for = monotonic() - self._heard_at
                pause = RETRY_SECONDS if up_for < SILENCE_SECONDS else min(pause * 2, RETRY_MOST_SECONDS)
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        connection = self._connect()
        for confirmed in self._confirmed.values():
            confirmed.clear()
        watchdog: asyncio.Task[None] | None = None
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            self._heard_at = monotonic()
            self._connection = connection
            await self._subscribe_all()
            watchdog = asyncio.get_running_loop().create_task(self._watch(connection))
            while True:
                self._handle(await connection.read_response(timeout=inf))
        finally:
            self._connection = None
            if watchdog is not None:
                watchdog.cancel()
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await connection.disconnect(nowait=True)

    async def _subscribe_all(self) -> None:
        channels = list(self._listeners)
        for start in range(0, len(channels), CHUNK):
            await self._send("SSUBSCRIBE", *channels[start : start + CHUNK])
        await self._send("PING", "again")

    async def _watch(self, connection: Connection) -> None:
        while monotonic() - self._heard_at < SILENCE_SECONDS:
            await self._send("PING", "")
            await asyncio.sleep(PING_SECONDS)
        await connection.disconnect(nowait=True)

    async def _send(self, *command: str) -> None:
        if self._connection is None:
            return
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self._connection.send_command(*command, check_health=False)

    def _handle(self, message: Any) -> None:
        self._heard_at = monotonic()
        if not isinstance(message, list):
            if message == b"again":
                self.on_again()
            return
        kind = message[0]
        if kind == b"smessage":
            listener = self._listeners.get(message[1].decode())
            if listener is not None:
                listener(message[2])
        elif kind == b"ssubscribe":
            self._confirm(message[1].decode())
        elif kind == b"pong" and message[1] == b"again":
            self.on_again()

    def _confirm(self, channel: str) -> None:
        confirmed = self._confirmed.get(channel)
        if confirmed is not None:
            confirmed.set()
