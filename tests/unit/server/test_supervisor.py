"""Loops that die or hang are begun again; those that stay dead are named. An item that fails stops no other."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polling import eventually
from structlog.testing import capture_logs

from chess_server.supervisor import (
    LONGEST_PAUSE_SECONDS,
    Condition,
    Guard,
    Patience,
    Supervisor,
    pause_seconds,
)

PATIENCE = Patience(hang=10, dead=60, healthy=30)
QUICK = Patience(hang=0.2, dead=0.5, healthy=30)


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    made = Supervisor(QUICK)
    yield made
    await made.stop()


@given(deaths=st.integers(0, 10_000), share=st.floats(0, 1))
def test_a_pause_is_drawn_by_chance_and_bounded(deaths: int, share: float) -> None:
    assert 0 <= pause_seconds(deaths, share) <= LONGEST_PAUSE_SECONDS * share


BEGUN, TURN, DIED = "begun", "progressed", "died"
AGAIN_AND_AGAIN = [(0, BEGUN), (5, DIED), (6, BEGUN), (10, TURN), (30, DIED), (31, BEGUN), (60, TURN)]


@pytest.mark.parametrize(
    "story, dead_at",
    [
        pytest.param([(0, BEGUN), (50, TURN)], 110, id="no progress since"),
        pytest.param(AGAIN_AND_AGAIN, 65, id="dies again and again, though some turns go well"),
        pytest.param([(0, BEGUN), (5, DIED), (6, BEGUN), (36, TURN), (64, TURN)], 124, id="has recovered"),
        pytest.param([(0, BEGUN), (40, DIED), (41, BEGUN)], 60, id="dead before its first turn ended"),
    ],
)
def test_when_only_a_new_process_helps(story: list[tuple[int, str]], dead_at: int) -> None:
    condition = Condition(PATIENCE, 0)
    for at, what in story:
        assert not condition.dead(at)
        if what == DIED:
            condition.died(at, "fault")
        else:
            getattr(condition, what)(at)
    assert not condition.dead(dead_at - 1)
    assert condition.dead(dead_at)


def test_a_loop_begun_again_has_its_whole_time() -> None:
    condition = Condition(PATIENCE, 0)
    assert condition.hangs_in(4) == 6
    condition.begun(20)
    assert condition.hangs_in(21) == 9
    condition.progressed(25)
    assert condition.hangs_in(25) == 10


async def test_a_loop_that_dies_is_begun_again_and_its_cause_is_logged_once(supervisor: Supervisor) -> None:
    turns: list[int] = []

    async def dies_three_times(progress: Any) -> None:
        turns.append(1)
        if len(turns) < 4:
            raise ValueError("a fault")
        progress()
        await asyncio.Event().wait()

    with capture_logs() as logs:
        supervisor.start("frail", dies_three_times)
        await eventually(_async(lambda: len(turns) == 4), "the fourth life", within=60)
    assert supervisor.restarts == {"frail": 3}
    assert [entry["loop"] for entry in logs if entry["log_level"] == "error"] == ["frail"]


async def test_a_loop_that_hangs_is_ended_and_begun_again(supervisor: Supervisor) -> None:
    lives: list[str] = []

    async def hangs_once(progress: Any) -> None:
        lives.append("begun")
        try:
            while len(lives) > 2:
                progress()
                await asyncio.sleep(0.01)
            await asyncio.Event().wait()
        finally:
            lives.append("ended")

    supervisor.start("slow", hangs_once, vital=True)
    await eventually(_async(lambda: lives == ["begun", "ended", "begun"]), "a second life", within=60)


async def test_a_cancelled_loop_is_begun_again(supervisor: Supervisor) -> None:
    lives: list[int] = []

    async def cancelled_by_its_library(_progress: Any) -> None:
        lives.append(1)
        if len(lives) == 1:
            raise asyncio.CancelledError
        await asyncio.Event().wait()

    supervisor.start("odd", cancelled_by_its_library)
    await eventually(_async(lambda: len(lives) == 2), "a second life", within=60)


async def test_only_vital_loops_that_stay_dead_are_named(supervisor: Supervisor) -> None:
    async def dies(_progress: Any) -> None:
        raise ValueError("a fault")

    async def lives(progress: Any) -> None:
        while True:
            progress()
            await asyncio.sleep(0.01)

    for name, run, vital in (("committer", dies, True), ("lobby", dies, False), ("sweep", lives, True)):
        supervisor.start(name, run, vital=vital)
    assert supervisor.dead() == []
    await eventually(_async(lambda: supervisor.dead() == ["committer"]), "it is named", within=60)


async def test_a_loop_that_returns_has_done_its_work(supervisor: Supervisor) -> None:
    async def once(_progress: Any) -> None:
        return

    supervisor.start("orders", once, vital=True)
    await asyncio.sleep(0)
    await eventually(_async(lambda: not supervisor._keepers), "its end", within=60)
    assert supervisor.dead() == []
    assert supervisor.restarts == {"orders": 0}


class PostponedError(Exception):
    pass


async def test_an_item_that_fails_stops_no_other_and_is_logged_until_it_goes_well() -> None:
    guard, done, broken = Guard("game", (PostponedError,)), [], [True]

    async def work(item: str) -> None:
        if item == "late":
            raise PostponedError
        if item == "bad" and broken:
            raise ValueError("a hole in its history")
        done.append(item)

    async def turn() -> int:
        with capture_logs() as logs:
            items = {name: _begin(work, name) for name in ("one", "bad", "late", "two")}
            await guard.each(items, at_once=2, progress=lambda: None)
        return sum(entry["log_level"] == "error" for entry in logs)

    assert (await turn(), sorted(done)) == (1, ["one", "two"])
    assert await turn() == 0
    broken.clear()
    assert await turn() == 0
    broken.append(True)
    assert await turn() == 1


async def test_an_item_that_hangs_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chess_server.supervisor.ITEM_SECONDS", 0.1)
    done: list[str] = []

    async def work(item: str) -> None:
        if item == "stuck":
            await asyncio.Event().wait()
        done.append(item)

    items = {name: _begin(work, name) for name in ("stuck", "one", "two")}
    await Guard("game").each(items, at_once=1, progress=lambda: None)
    assert done == ["one", "two"]


def _begin(work: Any, name: str) -> Any:
    return lambda: work(name)


def _async(condition: Any) -> Any:
    async def reached() -> bool:
        return bool(condition())

    return reached
