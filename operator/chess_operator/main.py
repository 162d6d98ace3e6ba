"""The composition root of `chess-operator run`: make everything once, lead, and shut down in order."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Awaitable
from typing import Any, cast

import kopf
import structlog

from chess_operator.api.resources.kinds import CLUSTERS
from chess_operator.census.reader import Readers
from chess_operator.health import Health, ran_lately
from chess_operator.kube.audit import PERIOD_SECONDS, Audit
from chess_operator.kube.claims import Claims
from chess_operator.kube.client import ApiError, Kube
from chess_operator.kube.lease import Elector, LostLeadershipError
from chess_operator.kube.mirror import Mirror
from chess_operator.kube.secrets import SecretReader
from chess_operator.kube.watch import WATCHED, configured, handlers
from chess_operator.metrics import Metrics
from chess_operator.reconcile.dependencies import Dependencies
from chess_operator.reconcile.supervisor import Supervisor
from chess_operator.reconcile.waker import Wakers
from chess_operator.settings import Settings

LOOP_LIMIT_SECONDS = 60.0
CRD_SECONDS = 2.0
STOP_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Operator:
    """One process: first a candidate, then perhaps the leader."""

    def __init__(self, settings: Settings, bare: Kube, elector: Elector, fenced: Kube) -> None:
        self._settings = settings
        self._bare = bare
        self._elector = elector
        self._wakers = Wakers()
        self._mirror = Mirror(self._wakers.wake)
        self._readers = Readers()
        self._metrics = Metrics()
        self._stop = asyncio.Event()
        self._served = False
        self._claims = Claims(
            kube=fenced,
            holder=f"{settings.lease_namespace}/{settings.lease_name}",
            namespaces=settings.namespaces,
        )
        self._audit = Audit(bare, self._mirror, WATCHED, settings.namespaces)
        dependencies = Dependencies(
            kube=fenced,
            mirror=self._mirror,
            wakers=self._wakers,
            readers=self._readers,
            secrets=SecretReader(bare),
            metrics=self._metrics,
            claims=self._claims,
            identity=settings.identity,
            service_accounts=settings.service_accounts,
        )
        self._supervisor = Supervisor(dependencies)
        self.health = Health(metrics=self._metrics)
        self.health.alive += [
            ran_lately(
                "the election", lambda: elector.tried_at if self._served else None, LOOP_LIMIT_SECONDS
            ),
            ran_lately("a census channel", self._readers.oldest_run, LOOP_LIMIT_SECONDS),
        ]
        self.health.ready += [self._not_served]

    async def run(self) -> None:
        """Run until a signal stops it; raises LostLeadershipError."""
        self._listen_to_signals()
        port = await self.health.start(self._settings.probe_address)
        log.info("listening", host=self._settings.probe_address.host, port=port)
        try:
            await self._unless_stopped(self._wait_for_crd())
            await self._unless_stopped(self._elector.acquire())
            if not self._stop.is_set():
                await self._lead()
        finally:
            await self._elector.release()
            await self.health.stop()

    async def _lead(self) -> None:
        self._metrics.leader.set(1)
        self._audit.ran_at = time.monotonic()
        self.health.alive += [
            self._audit.problem,
            ran_lately("the audit", lambda: self._audit.ran_at, 2 * PERIOD_SECONDS + LOOP_LIMIT_SECONDS),
        ]
        ended = asyncio.Event()
        tasks = [
            asyncio.create_task(self._elector.keep(), name="lease"),
            asyncio.create_task(self._audit.run(), name="audit"),
            asyncio.create_task(self._work(ended), name="kopf"),
            asyncio.create_task(self._stopped(), name="stop"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            ended.set()
            await _finish(tasks[2])
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._supervisor.stop()
            await self._readers.stop()

    async def _work(self, ended: asyncio.Event) -> None:
        await self._claims.begin()
        keeping = asyncio.create_task(self._claims.keep(), name="claims")
        try:
            await self._watch(ended)
        finally:
            keeping.cancel()

    async def _watch(self, ended: asyncio.Event) -> None:
        clusterwide = not self._settings.namespaces
        access, supervisor = self._settings.access, self._supervisor
        existing = asyncio.all_tasks()
        tasks = await kopf.spawn_tasks(
            registry=handlers(access, self._mirror, supervisor.run, supervisor.clean_up),
            settings=configured(scan=clusterwide),
            standalone=True,
            identity=cast(
                "Any", self._settings.identity
            ),  # else kopf looks up the user name, which uid 10001 has not
            clusterwide=clusterwide,
            namespaces=self._settings.namespaces,
            stop_flag=ended,
        )
        self._listen_to_signals()  # kopf has installed its own handlers
        await kopf.run_tasks(tasks, ignored=existing)

    async def _stopped(self) -> None:
        await self._stop.wait()

    async def _wait_for_crd(self) -> None:
        while not self._served:
            try:
                self._served = bool(await self._bare.served(CLUSTERS))
            except ApiError as error:
                log.warning("api", error=str(error))
            if not self._served:
                await asyncio.sleep(CRD_SECONDS)

    def _not_served(self) -> str | None:
        return (
            None if self._served else f"the API server does not serve {CLUSTERS.plural}.{CLUSTERS.group} yet"
        )

    async def _unless_stopped(self, doing: Awaitable[None]) -> None:
        stop = asyncio.ensure_future(self._stop.wait())
        task = asyncio.ensure_future(doing)
        await asyncio.wait({stop, task}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            task.result()
            return
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)


async def _finish(task: asyncio.Task[None]) -> None:
    """Give kopf time to end its daemons."""
    await asyncio.wait({task}, timeout=STOP_SECONDS)


@contextlib.asynccontextmanager
async def composed(settings: Settings) -> AsyncIterator[Operator]:
    """Make the operator with everything it needs."""
    api = await settings.access.api()
    try:
        bare = Kube(api)
        elector = Elector(
            Kube(api),
            namespace=settings.lease_namespace,
            name=settings.lease_name,
            identity=settings.identity,
        )
        yield Operator(settings, bare, elector, Kube(api, fence=elector.leads))
    finally:
        await api.close()


async def run(settings: Settings) -> int:
    """Run the operator; returns the exit code."""
    async with composed(settings) as operator:
        try:
            await operator.run()
        except LostLeadershipError as error:
            log.error("lost-leadership", error=str(error))  # noqa: TRY400 - the message is enough, a traceback adds nothing
            return 1
        except OSError:
            raise  # the command line names the address
        except Exception:
            log.exception("failed")
            return 1
    return 0
