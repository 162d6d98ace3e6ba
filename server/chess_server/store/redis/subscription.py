"""A connection to one Redis node, for the sharded channels that it holds.

A subscription can stop silently, so the server pings on this connection and closes it when no answer comes. After each
reconnect all channels are subscribed again, and `on_resubscribed` is called: messages may have been missed.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError

from chess_presence.connecting import REDIS_ERRORS
from chess_server.store.redis.connection import RedisConnection
from chess_server.store.redis.replies import packed

log = structlog.get_logger(__name__)

PING_SECONDS = 2.5
SILENCE_SECONDS = 6.0
RETRY_SECONDS = 0.25
RETRY_MOST_SECONDS = 2.0

Listener = Callable[[bytes], None]


class NodeSubscription:
    """The subscriptions at one node. `on_resubscribed` is called when all of them are confirmed after a connect.

    Channels that are subscribed in one turn of the loop leave in one write; a command for each, because in a cluster
    the channels of one command must share a slot.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[RedisConnection]], on_resubscribed: Callable[[], None]
    ) -> None:
        self._connect = connect
        self._on_resubscribed = on_resubscribed
        self._listeners: dict[str, Listener] = {}
        self._confirmed: set[str] = set()
        self._awaited: dict[str, asyncio.Future[None]] = {}  # until a channel is confirmed
        self._leaving: Counter[str] = Counter()
        self._connection: RedisConnection | None = None
        self._received_at = 0.0

    @property
    def unused(self) -> bool:
        """Whether it has no subscription."""
        return not self._listeners

    def subscribed(self, channel: str) -> bool:
        """Whether Redis has confirmed a channel, on a connection that is open."""
        return channel in self._confirmed and self._connection is not None and not self._connection.closed

    async def subscribe(self, channel: str, listener: Listener) -> None:
        """Subscribe to a channel; returns when Redis has confirmed it."""
        self._listeners[channel] = listener
        if channel in self._confirmed:
            return
        self._send("SSUBSCRIBE", channel)
        awaited = self._awaited.get(channel)
        if awaited is None:
            awaited = self._awaited[channel] = asyncio.get_running_loop().create_future()
        await asyncio.shield(awaited)  # others may wait for it

    async def unsubscribe(self, channel: str) -> None:
        """Unsubscribe from a channel."""
        if self._listeners.pop(channel, None) is None:
            return
        self._confirmed.discard(channel)
        self._end_wait(channel)
        if self._connection is not None:
            self._leaving[channel] += 1
        self._send("SUNSUBSCRIBE", channel)

    def reconnect(self) -> None:
        """Leave this connection for another."""
        if self._connection is not None:
            self._connection.close()

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
        self._confirmed.clear()
        self._leaving.clear()
        connection = await self._connect()
        try:
            connection.on_message = self._handle
            self._connection = connection
            self._received_at = monotonic()
            for channel in list(self._listeners):
                self._send("SSUBSCRIBE", channel)
            self._send("PING", "again")
            await self._watch(connection)
        finally:
            self._connection = None
            connection.close()

    async def _watch(self, connection: RedisConnection) -> None:
        """Ping until the connection ends, or falls silent."""
        while monotonic() - self._received_at < SILENCE_SECONDS:
            self._send("PING", "")
            await asyncio.wait([connection.ended], timeout=PING_SECONDS)
            if connection.closed:
                raise connection.reason
        raise RedisConnectionError(f"silent for {SILENCE_SECONDS:g} s")

    def _send(self, *command: str) -> None:
        """Send a command unless the connection is down: the next one subscribes to all channels anyway."""
        if self._connection is not None:
            self._connection.send(packed(*command))

    def _handle(self, message: Any) -> None:
        self._received_at = monotonic()
        if isinstance(message, Exception):
            self._fail(message)
        elif not isinstance(message, list):
            if message == b"again":
                self._on_resubscribed()
        elif message[0] == b"smessage":
            self._dispatch(message[1].decode(), message[2])
        elif message[0] == b"ssubscribe":
            self._confirm(message[1].decode())
        elif message[0] == b"sunsubscribe":
            self._unsubscribed(message[1].decode())
        elif message[0] == b"pong" and message[1] == b"again":
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
            self._fail(RedisConnectionError(f"this node no longer holds {channel}"))

    def _fail(self, error: Exception) -> None:
        if self._connection is not None:
            self._connection.close(error)

    def _confirm(self, channel: str) -> None:
        if channel in self._listeners:
            self._confirmed.add(channel)
            self._end_wait(channel)

    def _end_wait(self, channel: str) -> None:
        awaited = self._awaited.pop(channel, None)
        if awaited is not None:
            awaited.set_result(None)
