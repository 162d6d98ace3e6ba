"""When games that are stored late are tried, and for how long. Seconds."""

import asyncio
from typing import Any

import pytest
from stored_games import entry

from chess_server.store.errors import LateError, SaturatedError, UnreachableError
from chess_server.store.postgres.late import LateGames
from chess_server.store.postgres.waiting import Waiting


@pytest.fixture
async def late() -> LateGames:
    return LateGames(2)


async def waits(game_id: str, since: float = 0.0, ply: int = 1) -> Waiting:
    return Waiting(entry(game_id, ply), asyncio.get_running_loop().create_future(), since)


async def test_a_game_gets_more_time_with_each_try_and_a_pause_before_it(late: LateGames) -> None:
    one, now, tries = await waits("one"), 0.0, []
    late.add(one, now)
    for _ in range(7):
        late.late("one", now)
        assert late.due(late.due_at() - 0.001) is None
        pause, now = late.due_at() - now, late.due_at()
        due = late.due(now)
        assert due is not None
        tries.append((pause, due[1]))
    assert tries == [
        (0.25, 500),
        (0.5, 1000),
        (1.0, 2000),
        (1.0, 4000),
        (1.0, 4000),
        (1.0, 4000),
        (1.0, 4000),
    ]


async def test_a_locked_game_is_tried_again_soon_and_gets_no_more_time(late: LateGames) -> None:
    late.add(await waits("one"), 0.0)
    pauses = []
    for _ in range(7):
        late.held("one", 0.0)
        pauses.append(late.due_at())
    assert pauses == [0.02, 0.04, 0.08, 0.16, 0.32, 0.32, 0.32]
    due = late.due(1.0)
    assert due is not None
    assert due[1] == 250


async def test_of_those_due_the_one_that_was_late_least_comes_first(late: LateGames) -> None:
    slow, quick = await waits("slow"), await waits("quick")
    late.add(slow, 0.0)
    late.late("slow", 0.0)
    late.add(quick, 5.0)
    assert late.due(5.0) == (quick, 250)


async def test_a_game_that_is_quick_again_is_forgotten_once_all_of_it_is_stored(late: LateGames) -> None:
    first, second = await waits("one"), await waits("one", ply=2)
    late.add(first, 0.0)
    late.add(first, 0.0)  # a loop that is begun again may find it twice
    late.add(second, 0.0)
    late.late("one", 0.0)
    for waiting in (first, second):
        assert "one" in late
        assert late.due(9.0) == (waiting, 500 if waiting is first else 250)
        waiting.succeed()
        late.tried(waiting, 0.01)
    assert "one" not in late
    assert late.idle


async def test_a_game_that_is_still_slow_is_remembered_for_a_while(late: LateGames) -> None:
    one = await waits("one")
    late.add(one, 0.0)
    late.late("one", 0.0)
    one.succeed()
    late.tried(one, 0.4)
    assert late.idle
    assert "one" in late
    assert list(late.give_up(600.0)) == []
    assert "one" in late
    assert list(late.give_up(601.0)) == []
    assert "one" not in late


@pytest.mark.parametrize(
    "fails, kind",
    [
        (lambda late: late.late("one", 0.0), LateError),
        (lambda late: late.held("one", 0.0), SaturatedError),
        (lambda late: late.failed("one", UnreachableError("postgresql", "gone"), 0.3), UnreachableError),
    ],
)
async def test_who_has_waited_for_too_long_is_told_why(late: LateGames, fails: Any, kind: type) -> None:
    old, new = await waits("one", since=0.0), await waits("one", since=2.0, ply=2)
    late.add(old, 0.0)
    late.add(new, 2.0)
    fails(late)
    assert list(late.give_up(6.0)) == []
    [(waiting, error)] = late.give_up(7.0)
    assert (waiting, type(error)) == (old, kind)
    assert late.due(9.0) == (new, late.due(9.0)[1])  # type: ignore[index]


async def test_games_that_are_stuck_leave_a_session_to_those_that_are_late_for_a_moment(
    late: LateGames,
) -> None:
    stuck = [await waits(f"stuck {number}") for number in range(3)]
    for one in stuck:
        late.add(one, 0.0)
        for _ in range(5):
            late.late(one.game_id, 0.0)
    assert late.due(1.0) == (stuck[0], 4000)
    with late.trying("stuck 0"):
        assert late.due(1.0) is None, "the second session is not for another of them"
        assert late.due_at() == float("inf")
        quick = await waits("quick")
        late.add(quick, 1.0)
        assert late.due(1.0) == (quick, 250)
        with late.trying("quick"):
            assert late.due(1.0) is None, "nor is a game tried twice"
    assert late.due(1.0) == (quick, 250)


async def test_a_stuck_game_is_tried_though_others_always_have_a_short_try(late: LateGames) -> None:
    """As where a trigger takes 300 ms on each of many games: one of them is tried at any time."""
    stuck = await waits("stuck")
    late.add(stuck, 0.0)
    late.late("stuck", 0.0)
    late.late("stuck", 0.0)
    short = [await waits(f"short {number}") for number in range(3)]
    for one in short:
        late.add(one, 1.0)
    assert late.due(1.0) == (short[0], 250)
    with late.trying("short 0"):
        assert late.due(1.0) == (stuck, 1000), "it has been due for longest"
        with late.trying("stuck"):
            late.add(await waits("short 0", ply=2), 1.0)
        late.late("stuck", 1.0)
        assert late.due(1.0) == (short[1], 250)
    with late.trying("stuck"):
        assert late.due(9.0) == (short[0], 250), "one session is left to them"


async def test_who_is_being_tried_is_not_given_up_meanwhile(late: LateGames) -> None:
    late.add(await waits("one"), 0.0)
    with late.trying("one"):
        assert list(late.give_up(7.0)) == []
    assert [waiting.game_id for waiting, _ in late.give_up(7.0)] == ["one"]
