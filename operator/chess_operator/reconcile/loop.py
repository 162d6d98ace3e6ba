"""One ChessCluster's loop: it sleeps until it is woken, reconciles, and sleeps again.

It is level-triggered: whatever woke it, it looks at everything there is. Nothing is decided here. What fails becomes a
condition and is tried again after growing pauses, and never keeps another ChessCluster waiting.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from chess_operator.api.resources.names import Key
from chess_operator.census.reader import Endpoint
from chess_operator.kube.client import CONFLICT, ApiError, NotLeaderError
from chess_operator.reconcile.dependencies import Dependencies
from chess_operator.reconcile.reconciler import Reconciler
from chess_operator.report.conditions import Problem

COALESCE_SECONDS = 0.05
"""Shortest time between two reconciles: the first event of a burst is handled at once, the rest together."""
CONFLICT_SECONDS = 0.05
CONFLICTS = 10
"""This many in a row are not a race: what we know is not what exists."""
REPORT_AT = 2
"""Failures in a row before the status reports them: one alone is normal, and a write costs a busy API server more."""
PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
IGNORE_WAKES_SECONDS = 2.0
"""After a failure that was reported, wakes are ignored for at most this long: heartbeats come all the time."""

log = structlog.get_logger(__name__)


class Loop:
    """Reconciles one ChessCluster again and again."""

    def __init__(self, dependencies: Dependencies, key: Key) -> None:
        self._dependencies = dependencies
        self._key = key
        self._waker = dependencies.wakers.of(key)
        self._reconciler = Reconciler(dependencies, key)
        self._failures = 0
        self._conflicts = 0
        self.endpoint: Endpoint | None = None
        """The Redis that was in use when `run` ended."""

    async def run(self, ended: Callable[[], bool]) -> None:
        """Run until cancelled or ended."""
        clock = self._dependencies.clock
        pause: float | None = 0.0
        try:
            while not ended():
                await self._sleep(pause)
                started = clock()
                pause = await self._reconcile()
                self._dependencies.metrics.reaction.observe(clock() - started)
                await asyncio.sleep(max(0.0, COALESCE_SECONDS - (clock() - started)))
        finally:
            self.endpoint = self._reconciler.endpoint
            await self._reconciler.close()

    async def _sleep(self, seconds: float | None) -> None:
        if seconds is not None and self._failures >= REPORT_AT:
            await asyncio.sleep(min(seconds, IGNORE_WAKES_SECONDS))
            seconds -= min(seconds, IGNORE_WAKES_SECONDS)
        await self._waker.sleep(seconds)

    async def _reconcile(self) -> float | None:
        """Reconcile once; return how long to sleep at most."""
        try:
            pause = await self._reconciler.reconcile()
        except NotLeaderError:
            raise
        except ApiError as error:
            self._conflicts = self._conflicts + 1 if error.status == CONFLICT else 0
            if 0 < self._conflicts < CONFLICTS:
                return CONFLICT_SECONDS
            return await self._fail(Problem(reason="ApiError", message=str(error)))
        except Exception as error:
            log.exception("reconcile-crashed", cluster="/".join(self._key))
            return await self._fail(
                Problem(reason="InternalError", message=f"{type(error).__name__}: {error}")
            )
        self._failures = self._conflicts = 0
        return pause

    async def _fail(self, problem: Problem) -> float:
        pause = PAUSES_SECONDS[min(self._failures, len(PAUSES_SECONDS) - 1)]
        self._failures += 1
        self._dependencies.metrics.errors.labels(problem.reason).inc()
        log.warning("reconcile-failed", cluster="/".join(self._key), error=problem.message, again_in=pause)
        if self._failures >= REPORT_AT:
            with contextlib.suppress(ApiError):
                await self._reconciler.halt(problem, valid=True)
        return pause
