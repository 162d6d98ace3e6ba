"""The way to one Redis node: a connection that is opened when a call needs it, and opened again when it is lost."""

import asyncio
from collections.abc import Awaitable, Callable

from chess_presence.cancelling import end, shared
from chess_presence.connecting import REDIS_ERRORS
from chess_server.store.redis.connection import RedisConnection

PAUSE_SECONDS = 0.05
PAUSE_MOST_SECONDS = 0.8
RENEWAL_SECONDS = 3.0
"""Longer than any call waits for its reply."""

Open = Callable[[str], Awaitable[RedisConnection]]


class Link:
    """One node. However many calls wait for its connection, it is opened once; after a failure, not at once again."""

    def __init__(self, node: str, open_connection: Open) -> None:
        self._node = node
        self._open = open_connection
        self._opening: asyncio.Task[RedisConnection] | None = None
        self._failure: Exception | None = None
        self._not_before = 0.0
        self._opened_at = 0.0
        self._pause = PAUSE_SECONDS
        self.connection: RedisConnection | None = None
        """The connection, if there is one; it may be closed."""

    @property
    def opened(self) -> RedisConnection | None:
        """The connection, if it is open."""
        return None if self.connection is None or self.connection.closed else self.connection

    async def ready(self) -> RedisConnection:
        """Return an open connection. Raises what redis-py raises."""
        if self.opened is not None:
            return self.opened
        if self._opening is None:
            loop = asyncio.get_running_loop()
            if self._failure is not None and loop.time() < self._not_before:
                raise type(self._failure)(*self._failure.args)
            self._opening = shared(loop.create_task(self._connect()))
        return await asyncio.shield(self._opening)

    def renew(self) -> None:
        """Open another connection for the calls to come, at most every few seconds; those under way end on this one."""
        loop, connection = asyncio.get_running_loop(), self.connection
        if connection is not None and loop.time() - self._opened_at > RENEWAL_SECONDS:
            self.connection = None
            loop.call_later(RENEWAL_SECONDS, connection.close)

    def drop(self) -> None:
        """Close the connection; the next call opens another, and so asks DNS again."""
        if self.connection is not None:
            self.connection.close()

    async def close(self) -> None:
        """Close the connection for good."""
        await end(self._opening)
        self.drop()

    async def _connect(self) -> RedisConnection:
        try:
            self.connection = await self._open(self._node)
        except REDIS_ERRORS as error:
            self._failure = error
            self._not_before = asyncio.get_running_loop().time() + self._pause
            self._pause = min(self._pause * 2, PAUSE_MOST_SECONDS)
            raise
        finally:
            self._opening = None
        self._pause = PAUSE_SECONDS
        self._opened_at = asyncio.get_running_loop().time()
        return self.connection
