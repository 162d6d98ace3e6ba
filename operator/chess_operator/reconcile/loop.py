"""One ChessCluster's daemon: woken, it gathers, decides and applies, and sleeps again.

It is level-triggered: whatever woke it, it looks at everything there is. Nothing here decides; what fails becomes a
condition and is tried again with growing pauses, and never keeps another ChessCluster waiting.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from chess_operator.census.reader import Endpoint
from chess_operator.kube.client import CONFLICT, ApiError, NotLeaderError
from chess_operator.kube.mirror import Key
from chess_operator.reconcile.dependencies import Dependencies
from chess_operator.reconcile.reconciler import Reconciler
from chess_operator.report.conditions import Problem

COALESCE_SECONDS = 0.05
"""Shortest time between two reconciler: the first event of a burst is acted upon at once, the rest together."""
CONFLICT_SECONDS = 0.05
CONFLICTS = 10
"""So many in a row are no race any more: what we know is not what there is."""
TELL_AT = 2
"""Failures in a row before the status tells: one alone is the usual noise, and writing costs a busy API server more."""
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
DEAF_SECONDS = 2.0
"""So long at most a failure that was told keeps from listening: news may mend it, but heartbeats come all the time."""

log = structlog.get_logger(__name__)


class Loop:
    """Looks after one ChessCluster."""

    def __init__(self, dependencies: Dependencies, key: Key) -> None:
        self._dependencies = dependencies
        self._key = key
        self._waker = dependencies.mirror.waker(key)
        self._reconciler = Reconciler(dependencies, key)
        self._failures = 0
        self._conflicts = 0
        self.endpoint: Endpoint | None = None
        """The Redis that was in use when `run` ended."""

    async def run(self, ended: Callable[[], bool]) -> None:
        """Look after it until cancelled or ended."""
        pause: float | None = 0.0
        try:
            while not ended():
                await self._sleep(pause)
                self._waker.clear()
                started = self._dependencies.clock()
                pause = await self._turn()
                self._dependencies.metrics.reaction.observe(self._dependencies.clock() - started)
                await asyncio.sleep(max(0.0, COALESCE_SECONDS - (self._dependencies.clock() - started)))
        finally:
            self.endpoint = self._reconciler.endpoint
            await self._reconciler.close()

    async def _sleep(self, pause: float | None) -> None:
        if pause is not None and self._failures >= TELL_AT:
            await asyncio.sleep(min(pause, DEAF_SECONDS))
            pause -= min(pause, DEAF_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._waker.wait()

    async def _turn(self) -> float | None:
        """Do one round; returns for how long to sleep at most."""
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
            log.exception("round-crashed", cluster="/".join(self._key))
            return await self._fail(
                Problem(reason="InternalError", message=f"{type(error).__name__}: {error}")
            )
        self._failures = self._conflicts = 0
        return pause

    async def _fail(self, problem: Problem) -> float:
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        self._dependencies.metrics.errors.labels(problem.reason).inc()
        log.warning("round-failed", cluster="/".join(self._key), error=problem.message, again_in=pause)
        if self._failures >= TELL_AT:
            with contextlib.suppress(ApiError):
                await self._reconciler.halt(problem, valid=True)
        return pause
