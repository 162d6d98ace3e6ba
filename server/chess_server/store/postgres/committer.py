"""Group commit: the entries of many games within a few milliseconds go into one transaction.

`commit` returns when PostgreSQL has stored the entry; no move is acknowledged or published before. While PostgreSQL
does not answer, a batch is tried again for some seconds, then `commit` raises. The events stay in Redis, and are stored
when the game is next settled (play/ledger.py).
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from time import monotonic

from chess_server.store.errors import (
    ContradictionError,
    RefusedRowError,
    SaturatedError,
    UnavailableError,
)
from chess_server.store.postgres.database import Database, Stored
from chess_server.store.postgres.fence import Entry

LINGER_SECONDS = 0.005
MOST_AT_ONCE = 200
MOST_WAITING = 5000
PATIENCE_SECONDS = 6.0
PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    entry: Entry
    done: "asyncio.Future[None]"
    since: float


class Committer:
    """Holds one queue of entries, and commits one batch at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: deque[_Waiting] = deque()
        self._wake = asyncio.Event()

    async def commit(self, entry: Entry) -> None:
        """Store an entry. Raises UnavailableError (it may be stored or not), ContradictionError or RefusedRowError."""
        if not entry.rows and entry.finish is None:
            return
        if len(self._queue) >= MOST_WAITING:
            raise SaturatedError("postgresql", "too many entries wait to be stored")
        waiting = _Waiting(entry, asyncio.get_running_loop().create_future(), monotonic())
        self._queue.append(waiting)
        self._wake.set()
        await waiting.done

    @property
    def idle(self) -> bool:
        """Whether the queue is empty."""
        return not self._queue

    async def run(self) -> None:
        """Commit until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(LINGER_SECONDS)
            batch = self._take()
            if batch:
                await self._store(batch)
            if not self._queue:
                self._wake.clear()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        games: set[str] = set()
        while self._queue and len(batch) < MOST_AT_ONCE and self._queue[0].entry.game_id not in games:
            waiting = self._queue.popleft()
            if not waiting.done.cancelled():
                batch.append(waiting)
                games.add(waiting.entry.game_id)
        return batch

    async def _store(self, batch: list[_Waiting]) -> None:
        try:
            stored = await self._database.commit([waiting.entry for waiting in batch])
        except UnavailableError as error:
            self._try_again(batch, error)
            await asyncio.sleep(PAUSE_SECONDS)
            return
        for waiting in batch:
            self._settle(waiting, stored[waiting.entry.game_id])

    def _settle(self, waiting: _Waiting, stored: Stored) -> None:
        game_id = waiting.entry.game_id
        if waiting.done.done():
            return
        if stored == "locked":
            self._try_again([waiting], SaturatedError("postgresql", f"game {game_id} is locked"))
        elif stored == "missing":
            waiting.done.set_exception(RefusedRowError(game_id, "PostgreSQL has no such game"))
        elif stored == "contradicted":
            waiting.done.set_exception(ContradictionError(game_id))
        else:
            waiting.done.set_result(None)

    def _try_again(self, batch: list[_Waiting], error: UnavailableError) -> None:
        oldest = monotonic() - PATIENCE_SECONDS
        for waiting in reversed(batch):
            if waiting.done.done():
                continue
            if waiting.since < oldest:
                waiting.done.set_exception(error)
            else:
                self._queue.appendleft(waiting)
