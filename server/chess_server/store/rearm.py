"""Sets the timers of games in play again in a Redis that has lost them, so that abandoned games end.

Redis itself holds for which identities that was done: where that is missing or another, timers are missing too, whoever
was alive when they were lost. One server does it, under a lease; the others see to it that it is done.
"""

import asyncio
import contextlib

import structlog

from chess_server.store.errors import UnavailableError
from chess_server.store.redis.timers import Turn
from chess_server.store.stores import Stores
from chess_server.supervisor import Progress, work_for

log = structlog.get_logger(__name__)

IN_MS = 2000
"""Until the timers that are set again are due: players who are still there need no other server."""
CHECK_SECONDS = 5.0
RETRY_SECONDS = 1.0


class Rearm:
    """One server's part in it."""

    def __init__(self, stores: Stores, pod_uid: str) -> None:
        self._stores = stores
        self._pod_uid = pod_uid
        self._check_now = asyncio.Event()

    def check_now(self) -> None:
        """Check soon: Redis has a new identity."""
        self._check_now.set()

    async def run(self, progress: Progress) -> None:
        """Check, again and again until cancelled."""
        while True:
            progress()
            self._check_now.clear()
            turn: Turn = "other"
            with contextlib.suppress(UnavailableError):
                turn = await self._stores.timers.rearm_turn(self._pod_uid)
                if turn == "mine":
                    await self._all(progress)
            await work_for(self._check_now, CHECK_SECONDS if turn == "done" else RETRY_SECONDS)

    async def _all(self, progress: Progress) -> None:
        identities, count = self._stores.health.identities, 0
        after, at_ms = "", self._stores.clock.now_ms() + IN_MS
        while found := await self._stores.database.live_games(after):
            await self._stores.timers.rearm(found, at_ms)
            after, count = found[-1], count + len(found)
            progress()
        await self._stores.timers.rearmed(identities)
        log.info("timers are set again", games=count)
