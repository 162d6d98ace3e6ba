"""Runs a loop for each ChessCluster, and clears a deleted one's presence once its last pod is gone.

The finalizer waits for nothing: pods get SIGTERM from the garbage collector and run the whole drain by themselves, so
a deletion never waits for us. If this process ends in between, what is left in Redis expires by itself.
"""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from chess_operator.api.resources.kinds import PODS
from chess_operator.api.resources.names import Key
from chess_operator.census.reader import Endpoint, PresenceError
from chess_operator.kube.mirror import Mirror
from chess_operator.reconcile.dependencies import Dependencies
from chess_operator.reconcile.loop import Loop

LOOK_SECONDS = 1.0
LONGEST_DRAIN_SECONDS = 4500.0
"""Longer than any termination grace period can be."""

log = structlog.get_logger(__name__)


class Supervisor:
    """Begins and ends the loops. There is one for the process."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._endpoints: dict[str, Endpoint] = {}
        self._cleanups: set[asyncio.Task[None]] = set()

    async def run(self, key: Key, uid: str, ended: Callable[[], bool]) -> None:
        """Run a ChessCluster's loop until cancelled or ended."""
        loop = Loop(self._dependencies, key)
        try:
            await loop.run(ended)
        finally:
            if loop.endpoint is not None:
                self._endpoints[uid] = loop.endpoint

    def clean_up(self, key: Key, uid: str) -> None:
        """Clean up after a ChessCluster that is being deleted, in the background."""
        self._dependencies.metrics.forget(key)
        endpoint = self._endpoints.pop(uid, None)
        if endpoint is None:
            self._forget(key)
        else:
            task = asyncio.create_task(self._clean_up(key, uid, endpoint), name=f"cleanup of {'/'.join(key)}")
            self._cleanups.add(task)
            task.add_done_callback(self._cleanups.discard)

    async def stop(self) -> None:
        """Cancel the cleanups that still wait."""
        for task in list(self._cleanups):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _clean_up(self, key: Key, uid: str, endpoint: Endpoint) -> None:
        reader = self._dependencies.readers.join(endpoint, uid, lambda: None)
        try:
            await self._last_pod_gone(key)
            await reader.clear(uid)
        except PresenceError as error:
            log.info("presence-left-to-expire", cluster="/".join(key), error=str(error))
        finally:
            await self._dependencies.readers.leave(endpoint, uid)
            self._forget(key)

    def _forget(self, key: Key) -> None:
        """Forget who woke the loop, unless a new ChessCluster of that name has taken its place."""
        if self._dependencies.mirror.is_gone(key):
            self._dependencies.wakers.forget(key)

    async def _last_pod_gone(self, key: Key) -> None:
        mirror, clock = self._dependencies.mirror, self._dependencies.clock
        pods = _uids(mirror, key)
        until = clock() + LONGEST_DRAIN_SECONDS
        while clock() < until and pods & _uids(mirror, key):  # noqa: ASYNC110 - bounded, in the background
            await asyncio.sleep(LOOK_SECONDS)


def _uids(mirror: Mirror, key: Key) -> set[str]:
    return {pod["metadata"]["uid"] for pod in mirror.all(PODS, key)}
