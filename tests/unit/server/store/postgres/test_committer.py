"""Group commit over a database that is stood in for: one game's fault is its own, and nobody waits for ever."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import pytest
from polling import eventually
from structlog.testing import capture_logs

from chess_presence.cancelling import end
from chess_server.game.record import MoveRow
from chess_server.store.errors import (
    ContradictionError,
    LateError,
    RefusedRowError,
    SaturatedError,
    UnreachableError,
)
from chess_server.store.postgres import committer as module
from chess_server.store.postgres import waiting as waiting_module
from chess_server.store.postgres.committer import Committer
from chess_server.store.postgres.fence import Entry
from chess_server.store.postgres.sessions import LATE_SESSIONS

LATE = LateError("postgresql", "canceling statement due to lock timeout")
OTHERS = [f"game{number}" for number in range(20)]


def entry(game_id: str, ply: int = 1) -> Entry:
    return Entry(game_id=game_id, epoch=1, ply=ply, rows=(MoveRow(ply, "e2e4", "e4", ply, 1, 1),))


class Database:
    """Stores what it is given, but for the games that `faults` names: with an outcome, or by raising."""

    def __init__(self, **faults: Any) -> None:
        self.faults = faults
        self.stored: list[str] = []
        self.batches: list[list[str]] = []
        self.alone: list[list[str]] = []
        self.limits: list[int] = []
        self.slow_for = 0
        self.plies: list[int] = []
        self.open = asyncio.Event()
        self.open.set()

    async def commit(self, entries: Sequence[Entry], limit_ms: int, use: str = "moves") -> dict[str, str]:
        games = [one.game_id for one in entries]
        (self.alone if use == "late" else self.batches).append(games)
        if use == "moves":
            self.limits.append(limit_ms)
        await self.open.wait()
        if use == "moves" and len(self.batches) <= self.slow_for:
            raise LATE
        for game_id in games:
            if isinstance(self.faults.get(game_id), Exception):
                raise self.faults[game_id]
        self.plies += [one.ply for one in entries]
        self.stored += [game_id for game_id in games if game_id not in self.faults]
        return {game_id: self.faults.get(game_id, "store") for game_id in games}


@contextlib.asynccontextmanager
async def committing(database: Database) -> AsyncIterator[Committer]:
    committer = Committer(cast("Any", database))
    loops = [
        asyncio.create_task(loop(lambda: None))
        for loop in (committer.run, *LATE_SESSIONS * [committer.run_late])
    ]
    try:
        yield committer
    finally:
        await end(*loops)


async def outcomes(committer: Committer, games: list[str]) -> dict[str, Any]:
    waiting = [committer.commit(entry(game_id)) for game_id in games]
    async with asyncio.timeout(60):
        return dict(zip(games, await asyncio.gather(*waiting, return_exceptions=True), strict=True))


@pytest.mark.parametrize(
    "fault, kind",
    [
        pytest.param(RefusedRowError("", "integer out of range"), RefusedRowError, id="refused"),
        pytest.param(TypeError("no such thing"), RefusedRowError, id="a fault of the program"),
        pytest.param("missing", RefusedRowError, id="its row is missing"),
        pytest.param("contradicted", ContradictionError, id="contradicted"),
    ],
)
async def test_one_games_fault_is_its_own(fault: Any, kind: type[Exception]) -> None:
    database = Database(bad=fault)
    async with committing(database) as committer:
        with capture_logs():  # as structlog prints a traceback by itself, it takes seconds
            found = await outcomes(committer, [*OTHERS[:7], "bad", *OTHERS[7:]])
        assert isinstance(found.pop("bad"), kind)
        assert set(found.values()) == {None}
        assert sorted(database.stored) == sorted(OTHERS)
        assert committer.idle


async def test_a_game_that_was_refused_is_not_tried_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(bad=RefusedRowError("", "integer out of range"))
    async with committing(database) as committer:
        for _ in range(3):
            assert isinstance((await outcomes(committer, ["bad"]))["bad"], RefusedRowError)
        assert database.batches == [["bad"]]
        database.faults.clear()
        monkeypatch.setattr(module, "monotonic", lambda: 1e12)
        assert (await outcomes(committer, ["bad"]))["bad"] is None


async def test_a_locked_game_is_tried_again_without_making_others_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = Database(held="locked")
    async with committing(database) as committer:
        held = asyncio.create_task(committer.commit(entry("held")))
        assert set((await outcomes(committer, OTHERS)).values()) == {None}
        database.faults.clear()
        await asyncio.wait_for(held, 60)
        database.faults["held"] = "locked"
        monkeypatch.setattr(waiting_module, "PATIENCE_SECONDS", 0.05)
        assert isinstance((await outcomes(committer, ["held"]))["held"], SaturatedError)


async def test_a_late_game_delays_its_neighbours_by_one_batch_and_is_tried_apart_from_then_on() -> None:
    database = Database(late=LATE)
    async with committing(database) as committer:
        with capture_logs():
            late = asyncio.create_task(committer.commit(entry("late")))
            for ply in (1, 2, 3):
                waiting = [committer.commit(entry(game_id, ply)) for game_id in OTHERS]
                async with asyncio.timeout(20):
                    await asyncio.gather(*waiting)
        assert sum("late" in batch for batch in database.batches) == 2, "in one batch, and then by itself"
        assert not late.done()
        await eventually(lambda: len(database.alone) > 1, "it is tried again")
        assert database.alone == [["late"]] * len(database.alone)
        database.faults.clear()
        await asyncio.wait_for(late, 20)
        assert committer.idle


async def test_where_every_game_is_late_it_is_the_store_and_a_batch_gets_more_time() -> None:
    database = Database()
    database.slow_for = 1 + module.ALL_LATE
    async with committing(database) as committer:
        with capture_logs():
            found = await outcomes(committer, OTHERS)
    assert set(found.values()) == {None}
    assert [len(batch) for batch in database.batches] == [20, 1, 1, 1, 17]
    assert database.limits == [1000, 250, 250, 250, 2000]


async def test_moves_of_a_late_game_stay_in_order() -> None:
    database = Database(late=LATE)
    async with committing(database) as committer:
        with capture_logs():
            moves = [asyncio.create_task(committer.commit(entry("late", ply))) for ply in (1, 2, 3)]
            await eventually(lambda: database.alone, "it is tried apart")
        database.faults.clear()
        await asyncio.wait_for(asyncio.gather(*moves), 20)
    assert database.plies == [1, 2, 3]


async def test_a_game_that_stays_late_is_reported_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_module, "PATIENCE_SECONDS", 0.05)
    async with committing(Database(late=LATE)) as committer:
        with capture_logs():
            assert isinstance((await outcomes(committer, ["late"]))["late"], LateError)
            assert committer.idle


async def test_an_outage_is_waited_out_and_then_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    database = Database(any=UnreachableError("postgresql", "gone"))
    async with committing(database) as committer:
        waiting = asyncio.create_task(committer.commit(entry("any")))
        await eventually(lambda: len(database.batches) > 2, "it is tried again")
        database.faults.clear()
        await asyncio.wait_for(waiting, 60)
        database.faults["any"] = UnreachableError("postgresql", "gone")
        monkeypatch.setattr(waiting_module, "PATIENCE_SECONDS", 0.05)
        assert isinstance((await outcomes(committer, ["any"]))["any"], UnreachableError)


async def test_it_is_idle_only_once_the_batch_under_way_is_stored() -> None:
    database = Database()
    database.open.clear()
    async with committing(database) as committer:
        waiting = asyncio.create_task(committer.commit(entry("one")))
        await eventually(lambda: database.batches, "the batch is under way")
        assert not committer.idle
        database.open.set()
        await asyncio.wait_for(waiting, 60)
        await eventually(lambda: committer.idle, "nothing is under way")


async def test_run_again_it_stores_what_was_under_way() -> None:
    database = Database()
    database.open.clear()
    committer = Committer(cast("Any", database))
    first = asyncio.create_task(committer.run(lambda: None))
    waiting = [asyncio.create_task(committer.commit(entry(game_id))) for game_id in OTHERS]
    await eventually(lambda: database.batches, "the batch is under way")
    await end(first)
    assert not committer.idle
    database.open.set()
    second = asyncio.create_task(committer.run(lambda: None))
    try:
        await asyncio.wait_for(asyncio.gather(*waiting), 60)
    finally:
        await end(second)
    assert sorted(database.stored) == sorted(OTHERS)


async def test_of_one_game_one_entry_goes_into_a_batch_and_in_order() -> None:
    database = Database()
    async with committing(database) as committer:
        await asyncio.wait_for(
            asyncio.gather(*(committer.commit(entry("one", ply)) for ply in (1, 2, 3))), 20
        )
    assert database.batches == [["one"]] * 3
