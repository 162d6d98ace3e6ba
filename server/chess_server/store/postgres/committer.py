"""Group commit: the entries of many games within a few milliseconds go into one transaction.

`commit` returns when PostgreSQL has stored the entry; no move is acknowledged or published before. While PostgreSQL
does not answer, a batch is tried again for some seconds, then `commit` raises. The events stay in Redis, and are stored
when the game is next settled (play/ledger.py).

A row that PostgreSQL refuses, or that breaks the call itself, is found by halving the batch: its game is set aside for
a while, and the others are stored.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

import structlog
from msgspec import Struct

from chess_server.store.errors import (
    BrokenGameError,
    ContradictionError,
    RefusedRowError,
    SaturatedError,
    UnavailableError,
)
from chess_server.store.postgres.database import Database, Stored
from chess_server.store.postgres.fence import Entry
from chess_server.supervisor import Progress, work_for

log = structlog.get_logger(__name__)

LINGER_SECONDS = 0.005
MOST_AT_ONCE = 200
MOST_WAITING = 5000
PATIENCE_SECONDS = 6.0
PAUSE_SECONDS = 0.3
LOCKED_SECONDS = 0.02
QUARANTINE_SECONDS = 30.0
MOST_QUARANTINED = 1000


class _Waiting(Struct, frozen=True, eq=False):
    entry: Entry
    done: "asyncio.Future[None]"
    since: float


class Committer:
    """Holds one queue of entries, and commits one batch at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: deque[_Waiting] = deque()
        self._batch: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._quarantine: dict[str, tuple[float, BrokenGameError]] = {}
        self.on_taken: Callable[[float], None] = lambda _seconds: None
        """Called for each entry that leaves the queue, with how many seconds ago it came."""

    async def commit(self, entry: Entry) -> None:
        """Store an entry. Raises UnavailableError (it may be stored or not), ContradictionError or BrokenGameError."""
        if not entry.rows and entry.finish is None:
            return
        until, broken = self._quarantine.get(entry.game_id, (0.0, None))
        if broken is not None and monotonic() < until:
            raise type(broken)(broken.game_id, broken.detail)
        if len(self._queue) >= MOST_WAITING:
            raise SaturatedError("postgresql", "too many entries wait to be stored")
        waiting = _Waiting(entry, asyncio.get_running_loop().create_future(), monotonic())
        self._queue.append(waiting)
        self._wake.set()
        await waiting.done

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be stored, and no batch is under way."""
        return not self._queue and not self._batch

    async def run(self, progress: Progress) -> None:
        """Commit until cancelled. Run again, it goes on with what waits."""
        self._queue.extendleft(reversed(self._batch))
        self._batch = []
        if self._queue:
            self._wake.set()
        while True:
            progress()
            if not self._queue:
                self._wake.clear()
            await work_for(self._wake)
            await asyncio.sleep(LINGER_SECONDS)
            self._batch = self._take()
            pause = await self._store(self._batch)
            self._batch = []
            if pause:
                await asyncio.sleep(pause)

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        games: set[str] = set()
        while self._queue and len(batch) < MOST_AT_ONCE and self._queue[0].entry.game_id not in games:
            waiting = self._queue.popleft()
            if not waiting.done.done():
                batch.append(waiting)
                self.on_taken(monotonic() - waiting.since)
                games.add(waiting.entry.game_id)
        return batch

    async def _store(self, batch: list[_Waiting]) -> float:
        """Store a batch; return for how long to pause before the next."""
        if not batch:
            return 0.0
        try:
            stored = await self._database.commit([waiting.entry for waiting in batch])
        except UnavailableError as error:
            return self._try_again(batch, error, PAUSE_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns one entry, and it is not lost
            return await self._halve(batch, error)
        return max(self._settle(waiting, stored[waiting.entry.game_id]) for waiting in batch)

    async def _halve(self, batch: list[_Waiting], error: Exception) -> float:
        """Find the entry that PostgreSQL refuses."""
        if len(batch) > 1:
            middle = len(batch) // 2
            return max(await self._store(batch[:middle]), await self._store(batch[middle:]))
        self._set_aside(batch[0], error)
        return 0.0

    def _set_aside(self, waiting: _Waiting, error: Exception) -> None:
        game_id = waiting.entry.game_id
        known = isinstance(error, BrokenGameError)
        broken = error if isinstance(error, BrokenGameError) else RefusedRowError(game_id, repr(error))
        log.error("a game cannot be stored", game=game_id, error=broken.detail, exc_info=not known)
        while len(self._quarantine) >= MOST_QUARANTINED:
            del self._quarantine[next(iter(self._quarantine))]
        found = type(broken)(game_id, broken.detail)
        self._quarantine[game_id] = (monotonic() + QUARANTINE_SECONDS, found)
        if not waiting.done.done():
            waiting.done.set_exception(type(broken)(game_id, broken.detail))

    def _settle(self, waiting: _Waiting, stored: Stored) -> float:
        game_id = waiting.entry.game_id
        if stored == "locked":
            busy = SaturatedError("postgresql", f"game {game_id} is locked")
            return self._try_again([waiting], busy, LOCKED_SECONDS)
        if stored == "missing":
            self._set_aside(waiting, RefusedRowError(game_id, "PostgreSQL has no such game"))
        elif waiting.done.done():
            return 0.0
        elif stored == "contradicted":
            waiting.done.set_exception(ContradictionError(game_id))
        else:
            waiting.done.set_result(None)
        return 0.0

    def _try_again(self, batch: list[_Waiting], error: UnavailableError, pause: float) -> float:
        oldest = monotonic() - PATIENCE_SECONDS
        for waiting in reversed(batch):
            if waiting.done.done():
                continue
            if waiting.since < oldest:
                waiting.done.set_exception(type(error)(error.store, error.detail))
            else:
                self._queue.appendleft(waiting)
        return pause
