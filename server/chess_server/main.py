"""The composition root of `chess-server serve`: makes every part of the server and connects them."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from time import monotonic, time
from typing import Any

import structlog

from chess_presence import keys as presence_keys
from chess_presence.cancelling import end
from chess_presence.connecting import REDIS_ERRORS
from chess_presence.records import Heartbeat
from chess_presence.registry import Registry
from chess_server.clients.admission import Admission, Capacity
from chess_server.clients.client import Client, Services
from chess_server.lobby.pairing import Pairing
from chess_server.lobby.pools import Lobby
from chess_server.metrics import Metrics
from chess_server.play.room import Timeouts
from chess_server.play.rooms import Rooms
from chess_server.pod.admin import Admin, Answer
from chess_server.pod.drain import PodDrain
from chess_server.pod.heartbeat import HeartbeatLoop
from chess_server.settings import Settings
from chess_server.store.errors import UnavailableError
from chess_server.store.health import Health, RedisTime
from chess_server.store.postgres import schema
from chess_server.store.postgres.committer import Committer
from chess_server.store.postgres.database import Database, connection_pool, connection_settings
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.endpoint import RedisEndpoint
from chess_server.store.redis.games import Games
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.pools import Pools
from chess_server.store.redis.timers import Timers
from chess_server.store.stores import Stores
from chess_server.transport.link import Limits, Transport

log = structlog.get_logger(__name__)

REDIS_GRACE_SECONDS = 60.0
STORE_RETRY_SECONDS = 2.0
FLUSH_SECONDS = 10.0


class Server:
    """One pod's server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._endpoint = RedisEndpoint(settings.redis_url, settings.redis_ca)
        self._redis = self._endpoint.client()
        nodes = self._endpoint.nodes(self._redis)
        self._keys = Keys(settings.cluster_uid)
        self._metrics = Metrics()
        self._clock = RedisTime()
        self._health = Health(nodes, self._clock)
        self._bus = Bus(nodes.of, self._endpoint.connect)
        self._pool = connection_pool(settings.database_url, settings.database_ca, settings.database_pool)
        database = Database(self._pool, self._health, self._clock)
        self._committer = Committer(database)
        stores = Stores(
            games=Games(self._redis, self._keys, self._health),
            database=database,
            committer=self._committer,
            timers=Timers(self._redis, self._keys, self._health),
            health=self._health,
            clock=self._clock,
        )
        timeouts = Timeouts(
            no_start_ms=round(settings.no_start_seconds * 1000),
            abandon_ms=round(settings.abandon_seconds * 1000),
        )
        self._rooms = Rooms(stores, self._bus, self._keys, timeouts)
        pools = Pools(self._redis, self._keys, self._health, settings.pod_uid)
        pairing = Pairing(pools, stores, self._metrics, timeouts.no_start_ms)
        self._lobby = Lobby(pools, pairing, self._bus, self._keys.lobby_channel(settings.pod_uid))
        self._clients: set[Client] = set()
        services = Services(
            rooms=self._rooms,
            lobby=self._lobby,
            metrics=self._metrics,
            clock=self._clock,
            clients=self._clients,
            changed=lambda: self._heartbeat.wake(),  # noqa: PLW0108 - the heartbeat loop is made later
            pod_uid=settings.pod_uid,
        )
        self._drain = PodDrain(lambda: self._clients, settings.reconnect_window_seconds)
        self._admission = Admission(
            Capacity(
                max_connections=settings.max_connections,
                play_rate=settings.play_rate,
                watch_rate=settings.watch_rate,
                lobby_rate=settings.lobby_rate,
            ),
            services,
            self._drain,
        )
        self._transport = _transport(settings, self._admission)
        self._registry = Registry(self._redis, settings.cluster_uid)
        self._heartbeat = HeartbeatLoop(self._registry, self._drain, self._clock, self._heartbeat_record)
        self._admin = Admin({"/livez": _alive, "/readyz": self._ready, "/metrics": self._metrics_page})
        self._stopping = asyncio.Event()
        self._started = False
        self._started_at = round(time() * 1000)
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> int:
        """Serve until SIGTERM, then drain; the exit code."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stopping.set)
        admin_port = await self._admin.start(self._settings.listen, self._settings.admin_port)
        try:
            if await self._prepare():
                await self._serve(admin_port)
                await self._leave()
        finally:
            await self._close()
        return 0

    async def _prepare(self) -> bool:
        """Prepare the stores; False if stopped before they are ready. Raises SchemaError, UnusableRedisError."""
        ready = asyncio.get_running_loop().create_task(self._prepare_stores())
        stopped = asyncio.get_running_loop().create_task(self._stopping.wait())
        await asyncio.wait({ready, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ready.done():
            await end(ready)
            return False
        await ready
        return True

    async def _prepare_stores(self) -> None:
        await self._prepare_database()
        await self._prepare_redis()
        await self._lobby.listen()

    async def _prepare_redis(self) -> None:
        while True:
            try:
                await self._endpoint.check()
                await self._health.probe()
            except (UnavailableError, *REDIS_ERRORS) as error:
                log.warning("redis unavailable", error=f"{type(error).__name__}: {error}"[:200])
                await asyncio.sleep(STORE_RETRY_SECONDS)
            else:
                return

    async def _prepare_database(self) -> None:
        settings = self._settings
        connection = connection_settings(settings.database_ca)
        may_migrate = settings.migrate == "auto"
        while True:
            try:
                await asyncio.to_thread(
                    schema.ensure, settings.database_url, connection, may_migrate=may_migrate
                )
                break
            except UnavailableError as error:
                log.warning("database unavailable", error=error.detail)
                await asyncio.sleep(STORE_RETRY_SECONDS)
        await self._pool.open(wait=False)

    async def _serve(self, admin_port: int) -> None:
        self._connect_callbacks()
        for work in (
            self._health.keep_probing(),
            self._bus.run(),
            self._committer.run(),
            self._lobby.run(),
            self._rooms.sweep(),
            self._rooms.refresh_seats(),
            self._rooms.check_timers(),
            self._heartbeat.run(),
            self._subscribe_to_orders(),
        ):
            self._tasks.append(self._task(work))
        port = await self._transport.start(self._settings.listen, self._settings.port)
        self._started = True
        log.info(
            "serving",
            listen=self._settings.listen,
            port=port,
            admin_port=admin_port,
            transport=self._settings.transport,
        )
        await self._stopping.wait()

    def _connect_callbacks(self) -> None:
        self._health.on_redis_changed = self._after_redis_changed
        self._health.on_redis_back = self._rooms.distrust
        self._bus.on_resubscribed = self._rooms.distrust
        self._drain.on_change = self._after_drain_changed

    async def _subscribe_to_orders(self) -> None:
        await self._bus.subscribe(
            presence_keys.orders_channel(self._settings.cluster_uid), self._heartbeat.on_order
        )

    def _after_redis_changed(self) -> None:
        self._rooms.distrust()
        self._tasks.append(self._task(self._rearm()))

    def _after_drain_changed(self) -> None:
        self._metrics.draining.set(self._drain.draining)
        if self._drain.draining:
            self._metrics.drains.labels("sigterm" if self._stopping.is_set() else "mark").inc()
        self._heartbeat.wake()

    async def _rearm(self) -> None:
        # If this fails, games with a player still have that server's clock; all others wait for the next change.
        with contextlib.suppress(UnavailableError):
            await self._rooms.rearm(self._settings.pod_uid)

    async def _leave(self) -> None:
        """Drain, store what still waits, and remove this pod's record from the registry."""
        self._drain.begin(self._settings.drain_deadline_seconds, final=True)
        await self._drain.empty.wait()
        until = monotonic() + FLUSH_SECONDS
        while not self._committer.idle and monotonic() < until:  # noqa: ASYNC110 - the committer has no event for it
            await asyncio.sleep(0.05)
        await end(*self._tasks)
        await self._heartbeat.leave(self._settings.pod_uid)
        log.info("left")

    async def _close(self) -> None:
        await end(*self._tasks)
        await self._bus.stop()
        await self._transport.stop()
        await self._admin.stop()
        await self._pool.close(timeout=2.0)
        await self._redis.aclose()

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(_watched(work))

    def _heartbeat_record(self) -> Heartbeat:
        settings = self._settings
        return Heartbeat(
            uid=settings.pod_uid,
            addr=settings.pod_ip,
            revision=settings.revision,
            connections=len(self._clients),
            games=self._rooms.playing,
            draining=self._drain.draining,
            accepted=self._metrics.accepted_total,
            abnormal_closes=self._metrics.abnormal_total,
            handler_p99_ms=self._metrics.p99_ms,
            started_at=self._started_at,
        )

    def _ready(self) -> Answer:
        if not self._started:
            return Answer("503 Service Unavailable", b"starting\n")
        if self._stopping.is_set():
            return Answer("503 Service Unavailable", b"stopping\n")
        seen = self._health.redis_seen_at
        if seen is None or monotonic() - seen > REDIS_GRACE_SECONDS:
            return Answer("503 Service Unavailable", b"redis does not answer\n")
        return Answer("200 OK", b"ready\n")

    def _metrics_page(self) -> Answer:
        self._metrics.games.set(self._rooms.playing)
        for kind in ("lobby", "play", "watch"):
            count = sum(client.kind == kind for client in self._clients)
            self._metrics.connections.labels(kind).set(count)
        for store, failures in self._health.failures.items():
            self._metrics.store_errors.labels(store).set(failures)
        return Answer("200 OK", self._metrics.page(), "text/plain; version=0.0.4; charset=utf-8")


def _transport(settings: Settings, admission: Admission) -> Transport:
    limits = Limits(ping_seconds=settings.ping_seconds, idle_seconds=settings.idle_seconds)
    if settings.transport == "websockets":
        from chess_server.transport.websockets import WebsocketsTransport

        return WebsocketsTransport(admission.admit, limits)
    from chess_server.transport.picows import PicowsTransport

    return PicowsTransport(admission.admit, limits)


def _alive() -> Answer:
    return Answer("200 OK", b"alive\n")


async def _watched(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("a background task failed")
        raise
