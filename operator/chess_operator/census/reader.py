"""Presence as the operator reads it: one reader per Redis endpoint, which all ChessClusters on it share.

Messages on the census channels wake the ChessClusters; reads of many share a round trip. Redis pub/sub does not notice
a dead connection, so an application PING watches it; after every (re)connection all are woken, because what was
published in between is lost.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from chess_presence import connecting, keys
from chess_presence.cancelling import end
from chess_presence.connecting import REDIS_ERRORS
from chess_presence.records import Reading
from chess_presence.registry import Registry, read_many

CALL_SECONDS = 1.5
"""Longest wait for an answer. A slower Redis counts as unreachable."""
PING_SECONDS = 2.0
RECONNECT_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)

T = TypeVar("T")
log = structlog.get_logger(__name__)


class PresenceError(RuntimeError):
    """Redis could not be read; the message names host and port, never the password."""


class EndpointError(ValueError):
    """Not a Redis URL. The message does not repeat it, because it may contain a password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A Redis to read from."""

    url: str
    ca: str | None = None

    def __post_init__(self) -> None:
        try:
            connecting.is_cluster(self.url)
        except connecting.UrlError as error:
            raise EndpointError(f"the Redis URL: {error}") from None

    @property
    def address(self) -> str:
        """HOST:PORT, for messages."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or 6379}"

    def __repr__(self) -> str:
        return f"Endpoint({self.address})"

    def client(self) -> "Redis":
        """Make a client. One retry covers a pooled connection that died unnoticed; time-outs are not retried."""
        tls: dict[str, Any] = {"ssl_ca_data": self.ca} if self.ca and self.url.startswith("rediss:") else {}
        return connecting.client(
            self.url,
            decode_responses=False,
            socket_timeout=CALL_SECONDS,
            socket_connect_timeout=CALL_SECONDS,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
            **tls,
        )


class PresenceReader:
    """Reads one endpoint, and listens to it."""

    def __init__(self, endpoint: Endpoint, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.endpoint = endpoint
        self._client = endpoint.client()
        self._clock = clock
        self._wakers: dict[str, Callable[[], None]] = {}
        self._waiting: dict[str, asyncio.Future[Reading]] = {}
        self._flushing: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._message_at = clock()
        self.ran_at = clock()

    def start(self) -> None:
        """Start to listen."""
        self._listening = asyncio.create_task(
            self._listen_forever(), name=f"census of {self.endpoint.address}"
        )

    async def stop(self) -> None:
        """Stop listening and close all connections."""
        await end(self._listening, self._flushing)
        with contextlib.suppress(*REDIS_ERRORS):
            await self._client.aclose()

    def watch(self, cluster_uid: str, wake: Callable[[], None]) -> None:
        """Call `wake` whenever this cluster's census may have changed."""
        self._wakers[cluster_uid] = wake

    def unwatch(self, cluster_uid: str) -> None:
        """Stop calling `wake` for this ChessCluster."""
        self._wakers.pop(cluster_uid, None)

    async def read(self, cluster_uid: str) -> Reading:
        """Read a cluster's records; raises PresenceError. Reads that wait at the same time share a round trip."""
        future = self._waiting.get(cluster_uid)
        if future is None:
            future = self._waiting[cluster_uid] = asyncio.get_running_loop().create_future()
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name=f"reads of {self.endpoint.address}")
        return await asyncio.shield(future)

    async def mark(self, cluster_uid: str, pod_uid: str, deadline_ms: int) -> None:
        """Order a pod to drain; raises PresenceError."""
        await self._call(Registry(self._client, cluster_uid).mark(pod_uid, deadline_ms))

    async def unmark(self, cluster_uid: str, pod_uid: str) -> None:
        """Remove the order to drain; raises PresenceError."""
        await self._call(Registry(self._client, cluster_uid).unmark(pod_uid))

    async def clear(self, cluster_uid: str) -> None:
        """Forget a cluster; raises PresenceError."""
        await self._call(Registry(self._client, cluster_uid).clear())

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, {}
            try:
                readings = await self._call(read_many(self._client, list(batch)))
            except PresenceError as error:
                for future in batch.values():
                    _fail(future, error)
            else:
                for uid, future in batch.items():
                    self._answer(future, readings[uid])
            finally:  # whatever ends this, every reader gets an answer
                for future in batch.values():
                    _fail(future, PresenceError(f"Redis at {self.endpoint.address}: the read was cancelled"))

    def _answer(self, future: asyncio.Future[Reading], reading: Reading | ResponseError) -> None:
        if isinstance(reading, ResponseError):
            _fail(future, self._error(reading))
        elif not future.done():
            future.set_result(reading)

    async def _call(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except REDIS_ERRORS as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> PresenceError:
        return PresenceError(f"Redis at {self.endpoint.address}: {_reason(error)}")

    async def _listen_forever(self) -> None:
        failures = 0
        while True:
            try:
                await self._listen()
            except REDIS_ERRORS as error:
                quiet = self._clock() - self._message_at
                failures = 0 if quiet < PING_SECONDS else failures
                log.warning("census-channel-lost", redis=self.endpoint.address, error=_reason(error))
            self._wake_all()
            self.ran_at = self._clock()
            await asyncio.sleep(RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)])
            failures += 1

    async def _listen(self) -> None:
        await self._client.initialize()  # a Redis Cluster's subscription does not do it
        async with self._client.pubsub() as channel:
            # One pattern for all clusters: subscribing one by one would race with reading on the same socket.
            await channel.psubscribe(keys.census_channel("*"))
            self._message_at = self._clock()
            while True:
                self.ran_at = self._clock()
                message = await channel.get_message(timeout=PING_SECONDS)
                if message is not None:
                    self._message_at = self._clock()
                    self._take(message)
                elif self._clock() - self._message_at > 2 * PING_SECONDS:
                    raise RedisConnectionError(f"silent for {2 * PING_SECONDS:g} s")
                else:
                    await channel.ping()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "psubscribe":
            self._wake_all()
        elif message["type"] == "pmessage":
            wake = self._wakers.get(_cluster_of(message["channel"]))
            if wake is not None:
                wake()

    def _wake_all(self) -> None:
        for wake in list(self._wakers.values()):
            wake()


def _cluster_of(channel: bytes) -> str:
    return channel.decode(errors="replace").partition("{")[2].partition("}")[0]


def _fail(future: asyncio.Future[Reading], error: PresenceError) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # the reader may have been cancelled; then nobody retrieves it


def _reason(error: BaseException) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


class Readers:
    """All endpoints in use. A reader lives as long as a ChessCluster uses it."""

    def __init__(self) -> None:
        self._readers: dict[Endpoint, PresenceReader] = {}
        self._users: dict[Endpoint, set[str]] = {}

    def join(self, endpoint: Endpoint, cluster_uid: str, wake: Callable[[], None]) -> PresenceReader:
        """Use an endpoint for a ChessCluster."""
        reader = self._readers.get(endpoint)
        if reader is None:
            reader = self._readers[endpoint] = PresenceReader(endpoint)
            reader.start()
        self._users.setdefault(endpoint, set()).add(cluster_uid)
        reader.watch(cluster_uid, wake)
        return reader

    async def leave(self, endpoint: Endpoint, cluster_uid: str) -> None:
        """Stop using an endpoint; the last user closes its reader."""
        users = self._users.get(endpoint, set())
        users.discard(cluster_uid)
        reader = self._readers[endpoint]
        reader.unwatch(cluster_uid)
        if not users:
            del self._readers[endpoint]
            self._users.pop(endpoint, None)
            await reader.stop()

    async def stop(self) -> None:
        """Close all."""
        for reader in list(self._readers.values()):
            await reader.stop()
        self._readers.clear()
        self._users.clear()

    def oldest_run(self) -> float | None:
        """When the loop that has not run for the longest time last ran (monotonic)."""
        return min((reader.ran_at for reader in self._readers.values()), default=None)
