"""Who wakes a ChessCluster's loop: a changed object, a heartbeat, or the time that the last reconcile asked for.

A wake does not carry what happened: a loop that wakes looks at everything there is. Wakes that come while it works
become one.
"""

import asyncio
import contextlib

from chess_operator.api.resources.names import Key


class Waker:
    """Wakes one ChessCluster's loop."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Wake the loop now, or as soon as it sleeps."""
        self._woken.set()

    async def sleep(self, seconds: float | None) -> None:
        """Wait until somebody wakes us, or for this long; None waits without a limit."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()


class Wakers:
    """The wakers of all ChessClusters. The mirror calls `wake` for every change that concerns one."""

    def __init__(self) -> None:
        self._wakers: dict[Key, Waker] = {}

    def of(self, key: Key) -> Waker:
        """Return a ChessCluster's waker; it stays the same until it is forgotten."""
        return self._wakers.setdefault(key, Waker())

    def wake(self, key: Key) -> None:
        """Wake the loop of this ChessCluster, if it has one."""
        if (waker := self._wakers.get(key)) is not None:
            waker.wake()

    def forget(self, key: Key) -> None:
        """Drop the waker of a ChessCluster that is gone."""
        self._wakers.pop(key, None)
