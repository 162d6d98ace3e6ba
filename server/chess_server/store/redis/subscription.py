"""A connection to one Redis node, for the sharded channels that it holds.

A subscription can stop silently (redis-py#2089), so the server pings on this connection and closes it when no answer
comes. After each reconnect all channels are subscribed again, and `on_resubscribed` is called: messages may have been
missed.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any

import structlog
from redis.asyncio import Connection
from redis.exceptions import ConnectionError as RedisConnectionError

from chess_presence.connecting import REDIS_ERRORS

log = structlog.get_logger(__name__)

PING_SECONDS = 2.5
SILENCE_SECONDS = 6.0
RETRY_SECONDS = 0.25
RETRY_MOST_SECONDS = 2.0

Listener = Callable[[bytes], None]


class NodeSubscription:
    """The subscriptions at one node. `on_resubscribed` is called when all of them are confirmed after a connect."""

    def __init__(self, connect: Callable[[], Connection], on_resubscribed: Callable[[], None]) -> None:
        self._connect = connect
        self._on_resubscribed = on_resubscribed
        self._listeners: dict[str, Listener] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._leaving: Counter[str] = Counter()
        self._connection: Connection | None = None
        self._received_at = 0.0

    @property
    def unused(self) -> bool:
        """Whether it has no subscription."""
        return not self._listeners

    async def subscribe(self, channel: str, listener: Listener) -> None:
        """Subscribe to a channel; returns when Redis has confirmed it."""
        self._listeners[channel] = listener
        confirmed = self._confirmed.setdefault(channel, asyncio.Event())
        if self._connection is not None and not confirmed.is_set():
            await self._send("SSUBSCRIBE", channel)
        await confirmed.wait()

    async def unsubscribe(self, channel: str) -> None:
        """Unsubscribe from a channel."""
        self._listeners.pop(channel, None)
        confirmed = self._confirmed.pop(channel, None)
        if confirmed is not None:
            confirmed.set()  # ends the wait of a `subscribe` under way
            if self._connection is not None:
                self._leaving[channel] += 1
            await self._send("SUNSUBSCRIBE", channel)

    async def run(self) -> None:
        """Stay connected until cancelled."""
        pause = RETRY_SECONDS
        while True:
            try:
                await self._listen()
            except REDIS_ERRORS as error:
                log.info("subscription lost", error=f"{type(error).__name__}: {error}"[:200])
                up_for = monotonic() - self._received_at
                pause = RETRY_SECONDS if up_for < SILENCE_SECONDS else min(pause * 2, RETRY_MOST_SECONDS)
            except Exception:
                log.exception("a subscription failed")
            await asyncio.sleep(pause)

    async def _listen(self) -> None:
        connection = self._connect()
        for confirmed in self._confirmed.values():
            confirmed.clear()
        self._leaving.clear()
        watchdog: asyncio.Task[None] | None = None
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            self._received_at = monotonic()
            self._connection = connection
            await self._subscribe_all()
            watchdog = asyncio.get_running_loop().create_task(self._watch(connection))
            while True:
                self._handle(await connection.read_response(timeout=inf))
        finally:
            self._connection = None
            if watchdog is not None:
                watchdog.cancel()
            with contextlib.suppress(*REDIS_ERRORS):
                await connection.disconnect(nowait=True)

    async def _subscribe_all(self) -> None:
        """Subscribe channel by channel: in a cluster, the channels of one command must share a slot."""
        for channel in list(self._listeners):
            await self._send("SSUBSCRIBE", channel)
        await self._send("PING", "again")

    async def _watch(self, connection: Connection) -> None:
        while monotonic() - self._received_at < SILENCE_SECONDS:
            await self._send("PING", "")
            await asyncio.sleep(PING_SECONDS)
        await connection.disconnect(nowait=True)

    async def _send(self, *command: str) -> None:
        """Send a command unless the connection is down: the next connection subscribes to all channels anyway."""
        connection = self._connection
        if connection is None or not connection.is_connected:  # redis-py would reconnect by itself
            return
        try:
            await connection.send_command(*command, check_health=False)
        except REDIS_ERRORS:
            pass  # `_listen` fails too, and reconnects
        except AttributeError:  # redis-py has no writer left if the connection closed while it sent
            if connection.is_connected:
                raise

    def _handle(self, message: Any) -> None:
        self._received_at = monotonic()
        if not isinstance(message, list):
            if message == b"again":
                self._on_resubscribed()
            return
        kind = message[0]
        if kind == b"smessage":
            self._dispatch(message[1].decode(), message[2])
        elif kind == b"ssubscribe":
            self._confirm(message[1].decode())
        elif kind == b"sunsubscribe":
            self._unsubscribed(message[1].decode())
        elif kind == b"pong" and message[1] == b"again":
            self._on_resubscribed()

    def _dispatch(self, channel: str, message: bytes) -> None:
        """Pass a message to its listener; if that fails, the subscriptions go on."""
        listener = self._listeners.get(channel)
        try:
            if listener is not None:
                listener(message)
        except Exception:
            log.exception("a listener failed", channel=channel)

    def _unsubscribed(self, channel: str) -> None:
        """Handle the end of a subscription: by `unsubscribe`, or by Redis if the slot has moved to another node."""
        if self._leaving[channel] > 0:
            self._leaving[channel] -= 1
        elif channel in self._listeners:
            raise RedisConnectionError(f"this node no longer holds {channel}")

    def _confirm(self, channel: str) -> None:
        confirmed = self._confirmed.get(channel)
        if confirmed is not None:
            confirmed.set()
