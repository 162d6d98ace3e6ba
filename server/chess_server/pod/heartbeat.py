"""This pod's record in the registry: written every few seconds, and soon after its count has changed."""

import asyncio
import contextlib
import random
from collections.abc import Callable

import structlog

from chess_presence.connecting import REDIS_ERRORS
from chess_presence.records import Beat, Heartbeat
from chess_presence.registry import HEARTBEAT_SECONDS, QUIET_SECONDS, Registry
from chess_server.pod.drain import PodDrain
from chess_server.store.health import RedisTime
from chess_server.supervisor import Progress

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0
WIRE_VERSIONS = (1,)
"""The versions of docs/protocol.md that this server speaks with clients."""
STATE_VERSIONS = (1,)
"""The versions of a game's state in Redis that this server reads and writes."""


class HeartbeatLoop:
    """Writes the record, and carries out the drain order that each write returns."""

    def __init__(
        self, registry: Registry, drain: PodDrain, clock: RedisTime, state: Callable[[], Heartbeat]
    ) -> None:
        self._registry = registry
        self._drain = drain
        self._clock = clock
        self._state = state
        self._wake = asyncio.Event()
        self._reported: tuple[object, ...] | None = None

    def on_order(self, pod_uid: bytes) -> None:
        """Handle a message of the orders' channel: beat soon if the order is for this pod."""
        if pod_uid.decode() == self._state().uid:
            self._wake.set()

    def wake(self) -> None:
        """Beat soon."""
        self._wake.set()

    async def run(self, progress: Progress) -> None:
        """Beat until cancelled."""
        while True:
            progress()
            pause = await self._beat()
            await asyncio.sleep(QUIET_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed()
            self._wake.clear()

    async def _changed(self) -> None:
        """Wait for a change; returns at once if the state differs from the last record."""
        if _decisive(self._state()) != self._reported:
            return
        await self._wake.wait()

    async def _beat(self) -> float:
        state = self._state()
        try:
            beat = await self._registry.beat(state)
        except REDIS_ERRORS as error:
            log.debug("heartbeat failed", error=str(error))
            return RETRY_SECONDS
        self._reported = _decisive(state)
        self._apply_order(beat)
        return HEARTBEAT_SECONDS * random.uniform(0.85, 1.0) - QUIET_SECONDS  # noqa: S311 - jitter

    def _apply_order(self, beat: Beat) -> None:
        if beat.drain_deadline_ms is not None:
            self._drain.begin(max(beat.drain_deadline_ms - beat.now_ms, 0) / 1000)
        elif beat.taken_back:
            self._drain.cancel()

    async def leave(self, pod_uid: str) -> None:
        """Remove this pod's record."""
        with contextlib.suppress(*REDIS_ERRORS):
            await self._registry.leave(pod_uid)


def _decisive(state: Heartbeat) -> tuple[object, ...]:
    """Return what of a record changes a decision of the operator's, and so is reported soon."""
    return state.connections, state.demand, state.refused, state.draining
