"""The life of `chess-server serve`: wait for the stores, serve until SIGTERM, drain, leave."""

import asyncio
import contextlib
import gc
import signal
from time import monotonic

import structlog

from chess_presence import keys as presence_keys
from chess_presence.cancelling import end
from chess_presence.connecting import REDIS_ERRORS
from chess_server.composition import compose
from chess_server.pod.admin import Admin, Answer
from chess_server.pod.probes import StoresState, liveness, readiness
from chess_server.settings import Settings
from chess_server.store.errors import LateError, UnavailableError
from chess_server.store.postgres import schema
from chess_server.store.postgres.retention import Retention
from chess_server.store.postgres.sessions import LATE_SESSIONS, connection_settings
from chess_server.supervisor import Progress, Supervisor

log = structlog.get_logger(__name__)

STORE_RETRY_SECONDS = 2.0
LATE_RETRY_SECONDS = 15.0
FLUSH_SECONDS = 10.0
YOUNG_OBJECTS = 20_000
"""After how many new objects garbage is collected. Python's 700 are fewer than the moves under way have."""


class Server:
    """One pod's server."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._parts = compose(settings)
        self._admin = Admin({"/livez": self._alive, "/readyz": self._ready, "/metrics": self._metrics_page})
        self._stopping = asyncio.Event()
        self._started = False
        self._supervisor = Supervisor()

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
        await self._parts.lobby.listen()

    async def _prepare_redis(self) -> None:
        while True:
            try:
                await self._parts.connections.endpoint.check()
                await self._parts.stores.health.probe()
            except (UnavailableError, *REDIS_ERRORS) as error:
                log.warning("redis unavailable", error=f"{type(error).__name__}: {error}"[:200])
                with contextlib.suppress(UnavailableError):
                    await self._parts.stores.health.probe()  # `/readyz` says then why
                await asyncio.sleep(STORE_RETRY_SECONDS)
            else:
                return

    async def _prepare_database(self) -> None:
        settings = self._settings
        connection = connection_settings(settings.database_ca)
        health, url = self._parts.stores.health, self._parts.connections.sessions.url
        may_migrate, pause_seconds = settings.migrate == "auto", STORE_RETRY_SECONDS
        while True:
            try:
                await asyncio.to_thread(schema.ensure, url(), connection, may_migrate=may_migrate)
                health.answered("postgresql")
                break
            except UnavailableError as error:
                health.failed(self._parts.stores.clock.now_ms(), error)
                pause_seconds = retry_seconds(pause_seconds, error)
                await asyncio.sleep(pause_seconds)
        await self._parts.connections.open_database()

    async def _serve(self, admin_port: int) -> None:
        self._connect_callbacks()
        parts = self._parts
        start = self._supervisor.start
        start("probes", parts.stores.health.keep_probing, vital=True)
        start("subscriptions", parts.connections.bus.run, vital=True)
        start("committer", parts.stores.committer.run, vital=True)
        for number in range(1, LATE_SESSIONS + 1):
            start(f"late games {number}", parts.stores.committer.run_late, vital=True)
        start("database probes", parts.stores.database.keep_probing, vital=True)
        start("sweep", parts.rooms.sweep, vital=True)
        start("seats", parts.rooms.refresh_seats, vital=True)
        start("timers", parts.rooms.check_timers)
        start("rearm", parts.rearm.run)
        start("lobby", parts.lobby.run)
        start("heartbeat", parts.heartbeat.run)
        start("admission", parts.admission.run)
        start("orders", self._subscribe_to_orders)
        start("drain", parts.drain.run)
        start("retention", Retention(parts.stores.database, self._settings.retention_days).run)
        gc.freeze()  # what was made until now stays: collections, which stop everything, leave it out
        gc.set_threshold(YOUNG_OBJECTS)
        port = await parts.transport.start(self._settings.listen, self._settings.port)
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
        parts = self._parts
        parts.stores.health.on_redis_changed = self._after_redis_changed
        parts.stores.health.on_redis_back = parts.rooms.distrust
        parts.connections.bus.on_resubscribed = parts.rooms.distrust
        parts.drain.on_change = self._after_drain_changed

    async def _subscribe_to_orders(self, progress: Progress) -> None:
        channel = presence_keys.orders_channel(self._settings.cluster_uid)
        while True:
            progress()
            try:
                await self._parts.connections.bus.subscribe(channel, self._parts.heartbeat.on_order)
            except UnavailableError:
                await asyncio.sleep(STORE_RETRY_SECONDS)
            else:
                return

    def _after_redis_changed(self) -> None:
        self._parts.rooms.distrust()
        self._parts.rearm.check_now()

    def _after_drain_changed(self) -> None:
        draining, metrics = self._parts.drain.draining, self._parts.metrics
        metrics.draining.set(draining)
        if draining:
            metrics.drains.labels("sigterm" if self._stopping.is_set() else "mark").inc()
        self._parts.heartbeat.wake()

    async def _leave(self) -> None:
        """Drain, store what still waits, and remove this pod's record from the registry."""
        drain, committer = self._parts.drain, self._parts.stores.committer
        drain.begin(self._settings.drain_deadline_seconds, final=True)
        await drain.finished()
        until = monotonic() + FLUSH_SECONDS
        while not committer.idle and monotonic() < until:  # noqa: ASYNC110 - the committer has no event for it
            await asyncio.sleep(0.05)
        await self._supervisor.stop()
        await self._parts.heartbeat.leave(self._settings.pod_uid)
        log.info("left")

    async def _close(self) -> None:
        await self._supervisor.stop()
        await self._parts.transport.stop()
        await self._admin.stop()
        await self._parts.connections.close()

    def _metrics_page(self) -> Answer:
        for loop, count in self._supervisor.restarts.items():
            self._parts.metrics.loop_restarts.labels(loop).set(count)
        return self._parts.metrics_page()

    def _alive(self) -> Answer:
        return liveness(self._supervisor.dead())

    def _ready(self) -> Answer:
        health = self._parts.stores.health
        unseen = 0.0 if health.redis_seen_at is None else monotonic() - health.redis_seen_at
        failing = {
            "redis": max(unseen, health.failing_seconds("redis")),
            "postgresql": health.failing_seconds("postgresql"),
        }
        return readiness(
            started=self._started,
            stopping=self._stopping.is_set(),
            stores=StoresState(failing_seconds=failing, reason=health.reason),
            grace_seconds=self._settings.store_grace_seconds,
        )


def retry_seconds(before: float, error: UnavailableError) -> float:
    """How long to pause before the database is tried again; longer each time where a migration waits for a table.

    All who write queue behind it: they wait for as small a part of the time as may be.
    """
    return min(before * 2, LATE_RETRY_SECONDS) if isinstance(error, LateError) else STORE_RETRY_SECONDS
