"""Group commit: the entries of many games within a few milliseconds go into one transaction.

`commit` returns when PostgreSQL has stored the entry; no move is acknowledged or published before. While PostgreSQL
does not answer, a batch is tried again for some seconds, then `commit` raises. The events stay in Redis, and are stored
when the game is next settled (play/ledger.py).

One game's fault is its own. A row that PostgreSQL refuses, or that breaks the call itself, is found by halving the
batch: its game is set aside for a while. A batch that is late is stored game by game: those that are late alone too go
to `late.py`, and keep nobody else waiting.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

import structlog

from chess_server.store.errors import (
    BrokenGameError,
    ContradictionError,
    LateError,
    RefusedRowError,
    SaturatedError,
    UnavailableError,
)
from chess_server.store.postgres.batch import Stored
from chess_server.store.postgres.database import Database
from chess_server.store.postgres.fence import Entry
from chess_server.store.postgres.late import FIRST_MS, LateGames
from chess_server.store.postgres.quarantine import Quarantine
from chess_server.store.postgres.sessions import LATE_SESSIONS, Use
from chess_server.store.postgres.waiting import Waiting
from chess_server.supervisor import Progress, work_for

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 200
MOST_WAITING = 5000
PAUSE_SECONDS = 0.3
BATCH_MS = 1000
LONGEST_BATCH_MS = 4000
ALL_LATE = 3
"""If so many games are late alone and none before them was not, it is the store that is slow."""
LATE_CHECK_SECONDS = 0.25


class Committer:
    """Holds one queue of entries, and commits one batch at a time; beside it, the games that are late."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: deque[Waiting] = deque()
        self._batch: list[Waiting] = []
        self._wake = asyncio.Event()
        self._quarantine = Quarantine()
        self._late = LateGames(LATE_SESSIONS)
        self._late_wake = asyncio.Event()
        self._limit_ms = BATCH_MS
        self._progress: Progress = lambda: None
        self.on_taken: Callable[[float], None] = lambda _seconds: None
        """Called for each entry that leaves the queue, with how many seconds ago it came."""

    async def commit(self, entry: Entry) -> None:
        """Store an entry. Raises UnavailableError (it may be stored or not), ContradictionError or BrokenGameError."""
        if not entry.rows and entry.finish is None:
            return
        self._quarantine.check(entry.game_id, monotonic())
        if len(self._queue) >= MOST_WAITING:
            raise SaturatedError("postgresql", "too many entries wait to be stored")
        waiting = Waiting(entry, asyncio.get_running_loop().create_future(), monotonic())
        if entry.game_id in self._late:
            self._set_apart(waiting)
        else:
            self._queue.append(waiting)
            self._wake.set()
        await waiting.done

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be stored, and no batch is under way."""
        return not self._queue and not self._batch and self._late.idle

    async def run(self, progress: Progress) -> None:
        """Commit until cancelled. Run again, it goes on with what waits."""
        self._progress = progress
        self._queue.extendleft(reversed(self._batch))
        self._batch = []
        if self._queue:
            self._wake.set()
        while True:
            progress()
            if not self._queue:
                self._wake.clear()
            await work_for(self._wake)
            self._batch = self._take()
            pause = await self._store(self._batch)
            self._batch = []
            if pause:
                await asyncio.sleep(pause)

    async def run_late(self, progress: Progress) -> None:
        """Try the games that are late, one after the other, until cancelled; beside it others may."""
        while True:
            progress()
            for waiting, error in self._late.give_up(monotonic()):
                waiting.fail(error)
            self._late_wake.clear()
            due = self._late.due(monotonic())
            if due is None:
                until_due = self._late.due_at() - monotonic()
                await work_for(self._late_wake, max(min(until_due, LATE_CHECK_SECONDS), 0.0))
            else:
                await self._try_late(*due)

    def _take(self) -> list[Waiting]:
        batch: list[Waiting] = []
        games: set[str] = set()
        while self._queue and len(batch) < MOST_AT_ONCE and self._queue[0].game_id not in games:
            waiting = self._queue.popleft()
            if waiting.given_up:
                continue
            if waiting.game_id in self._late:  # since it came
                self._set_apart(waiting)
                continue
            batch.append(waiting)
            self.on_taken(monotonic() - waiting.since)
            games.add(waiting.game_id)
        return batch

    async def _store(self, batch: list[Waiting]) -> float:
        """Store a batch; return for how long to pause before the next."""
        if not batch:
            return 0.0
        began = monotonic()
        try:
            stored = await self._database.commit([waiting.entry for waiting in batch], self._limit_ms)
        except LateError as error:
            return await self._separate(batch, error)
        except UnavailableError as error:
            return self._try_again(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns one entry, and it is not lost
            return await self._halve(batch, error)
        took_ms = round((monotonic() - began) * 1000)
        self._limit_ms = min(max(BATCH_MS, 2 * took_ms), LONGEST_BATCH_MS)
        for waiting in batch:
            self._settle(waiting, stored[waiting.game_id])
        return 0.0

    async def _halve(self, batch: list[Waiting], error: Exception) -> float:
        """Find the entry that PostgreSQL refuses."""
        if len(batch) > 1:
            middle = len(batch) // 2
            return max(await self._store(batch[:middle]), await self._store(batch[middle:]))
        self._set_aside(batch[0], error)
        return 0.0

    async def _separate(self, batch: list[Waiting], error: LateError) -> float:
        """Store a late batch game by game, so that only those that are late themselves wait any longer."""
        if len(batch) == 1:
            self._found_late(batch[0], error)
            return 0.0
        late = 0
        for number, waiting in enumerate(batch, 1):
            self._progress()
            try:
                await self._alone(waiting, FIRST_MS, "moves")
            except LateError as alone:
                self._found_late(waiting, alone)
                late += 1
            except UnavailableError as outage:
                return self._try_again(batch[number - 1 :], outage)
            if late == number == ALL_LATE:
                self._limit_ms = min(self._limit_ms * 2, LONGEST_BATCH_MS)
                return self._try_again(batch[number:], error)
        return 0.0

    def _found_late(self, waiting: Waiting, error: LateError) -> None:
        log.warning("a game is stored late", game=waiting.game_id, error=error.detail)
        self._set_apart(waiting)
        self._late.late(waiting.game_id, monotonic())

    async def _try_late(self, waiting: Waiting, limit_ms: int) -> None:
        game_id, began = waiting.game_id, monotonic()
        try:
            with self._late.trying(game_id):
                await self._alone(waiting, limit_ms, "late")
        except LateError:
            self._late.late(game_id, monotonic())
        except UnavailableError as error:
            self._late.failed(game_id, error, monotonic() + PAUSE_SECONDS)
        else:
            self._late.tried(waiting, monotonic() - began)

    async def _alone(self, waiting: Waiting, limit_ms: int, use: Use) -> None:
        """Store one game's entry. Raises UnavailableError; whatever else is wrong is reported to who waits."""
        try:
            stored = await self._database.commit([waiting.entry], limit_ms, use)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - as in _store
            self._set_aside(waiting, error)
        else:
            self._settle(waiting, stored[waiting.game_id])

    def _set_apart(self, waiting: Waiting) -> None:
        self._late.add(waiting, monotonic())
        self._late_wake.set()

    def _set_aside(self, waiting: Waiting, error: Exception) -> None:
        game_id = waiting.game_id
        known = isinstance(error, BrokenGameError)
        broken = error if isinstance(error, BrokenGameError) else RefusedRowError(game_id, repr(error))
        log.error("a game cannot be stored", game=game_id, error=broken.detail, exc_info=not known)
        self._quarantine.add(type(broken)(game_id, broken.detail), monotonic())
        waiting.fail(type(broken)(game_id, broken.detail))

    def _settle(self, waiting: Waiting, stored: Stored) -> None:
        """Report what became of an entry. One whose row is locked is tried again apart, where it delays nobody."""
        game_id = waiting.game_id
        if stored == "locked":
            self._set_apart(waiting)
            self._late.held(game_id, monotonic())
        elif stored == "missing":
            self._set_aside(waiting, RefusedRowError(game_id, "PostgreSQL has no such game"))
        elif stored == "contradicted":
            waiting.fail(ContradictionError(game_id))
        else:
            waiting.succeed()

    def _try_again(self, batch: list[Waiting], error: UnavailableError) -> float:
        now = monotonic()
        for waiting in reversed(batch):
            if waiting.given_up:
                continue
            if waiting.impatient(now):
                waiting.fail(type(error)(error.store, error.detail))
            else:
                self._queue.appendleft(waiting)
        return PAUSE_SECONDS
