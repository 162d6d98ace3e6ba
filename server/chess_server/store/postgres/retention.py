"""Deletes games that ended long ago, a few at a time. All servers do it, and do not wait for each other."""

import asyncio
import random
from time import monotonic

import structlog

from chess_server.store.errors import BrokenGameError, UnavailableError
from chess_server.store.postgres.database import Database
from chess_server.supervisor import Progress

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 200
PAUSE_SECONDS = 5.0
IDLE_SECONDS = 600.0


class Retention:
    """Deletes what ended more than `days` ago; 0: nothing."""

    def __init__(self, database: Database, days: int) -> None:
        self._database = database
        self._days = days

    async def run(self, progress: Progress) -> None:
        """Delete until cancelled."""
        next_at = 0.0
        while self._days:
            progress()
            if monotonic() >= next_at and await self._delete() < MOST_AT_ONCE:
                next_at = monotonic() + IDLE_SECONDS * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
            await asyncio.sleep(PAUSE_SECONDS)

    async def _delete(self) -> int:
        try:
            deleted = await self._database.delete_finished(self._days, MOST_AT_ONCE)
        except (UnavailableError, BrokenGameError) as error:
            log.debug("postponed", reason=str(error))
            return 0
        if deleted:
            log.info("games deleted that ended long ago", games=deleted, days=self._days)
        return deleted
