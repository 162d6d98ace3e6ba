"""Begins and ends daemons, and clears a deleted ChessCluster's presence away once its last pod is gone.

The finalizer waits for nothing: pods get SIGTERM from the garbage collector and run the whole drain by themselves, so
a deletion never hangs on us. Should this process end in between, what is left in Redis expires by itself.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from chess_operator.api.resources.kinds import PODS
from chess_operator.census.reader import Endpoint, PresenceError
from chess_operator.kube.mirror import Key, Mirror
from chess_operator.reconcile.dependencies import Dependencies
from chess_operator.reconcile.loop import Loop

LOOK_SECONDS = 1.0
LONGEST_DRAIN_SECONDS = 4500.0
"""Longer than any termination grace period can be."""

log = structlog.get_logger(__name__)


class Supervisor:
    """One for the process."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._endpoints: dict[str, Endpoint] = {}
        self._burials: set[asyncio.Task[None]] = set()

    async def tend(self, key: Key, uid: str, ended: Callable[[], bool]) -> None:
        """Run a ChessCluster's daemon until cancelled or ended."""
        daemon = Loop(self._dependencies, key)
        try:
            await daemon.run(ended)
        finally:
            if daemon.endpoint is not None:
                self._endpoints[uid] = daemon.endpoint

    def bury(self, key: Key, uid: str) -> None:
        """Clear up after a ChessCluster that is being deleted, in the background."""
        self._dependencies.metrics.forget(key)
        endpoint = self._endpoints.pop(uid, None)
        if endpoint is None:
            self._dependencies.mirror.forget(key)
        else:
            task = asyncio.create_task(self._bury(key, uid, endpoint), name=f"burial of {'/'.join(key)}")
            self._burials.add(task)
            task.add_done_callback(self._burials.discard)

    async def stop(self) -> None:
        """Give up on burials that still wait."""
        for task in list(self._burials):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _bury(self, key: Key, uid: str, endpoint: Endpoint) -> None:
        reader = self._dependencies.readers.join(endpoint, uid, lambda: None)
        try:
            await self._last_pod_gone(key)
            await reader.clear(uid)
        except PresenceError as error:
            log.info("presence-left-to-expire", cluster="/".join(key), error=str(error))
        finally:
            await self._dependencies.readers.leave(endpoint, uid)
            self._dependencies.mirror.forget(key)

    async def _last_pod_gone(self, key: Key) -> None:
        mirror, clock = self._dependencies.mirror, self._dependencies.clock
        pods = _uids(mirror, key)
        until = clock() + LONGEST_DRAIN_SECONDS
        while clock() < until and pods & _uids(mirror, key):  # noqa: ASYNC110 - bounded, in the background
            await asyncio.sleep(LOOK_SECONDS)


def _uids(mirror: Mirror, key: Key) -> set[str]:
    return {pod["metadata"]["uid"] for pod in mirror.all(PODS, key)}
