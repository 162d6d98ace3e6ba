"""Which copy of a move counts."""

import pytest

from chess_server.game.arrivals import KEPT_MS, MOST_COPIES, Arrivals
from chess_server.game.commands import DrawYes, MakeMove

MOVE = MakeMove(uci="e2e4", a=1)
OTHER_MOVE = MakeMove(uci="d2d4", a=2)


def counted(arrivals: Arrivals, since_ms: int, ply: int, received_ms: int = 9000) -> int:
    life = arrivals.of("white", MOVE)
    return received_ms if life is None else life.counts_from(received_ms, since_ms, ply)


@pytest.mark.parametrize(
    "arrived_ms, ply, since_ms, at",
    [
        pytest.param(500, 2, 100, 500, id="in this turn"),
        pytest.param(500, 2, 800, 500, id="in this turn, which has begun anew since"),
        pytest.param(500, None, 100, 500, id="at an unknown ply, after the turn began"),
        pytest.param(500, None, 800, 9000, id="at an unknown ply, before the turn began"),
        pytest.param(500, 1, 800, 9000, id="before the turn"),
        pytest.param(500, 1, 100, 500, id="in this turn, whose beginning was not known yet"),
    ],
)
def test_a_copy_counts_for_the_turn_in_which_it_came(
    arrived_ms: int, ply: int | None, since_ms: int, at: int
) -> None:
    arrivals = Arrivals().received("white", MOVE, arrived_ms, ply)
    arrivals = arrivals.answered("white", MOVE, "unavailable", arrived_ms)
    assert counted(arrivals, since_ms, 2) == at


@pytest.mark.parametrize("code", ["unavailable", "overloaded", "conflict"])
def test_the_first_copy_counts_after_an_answer_that_asks_for_another(code: str) -> None:
    arrivals = Arrivals().received("white", MOVE, 100, 2).answered("white", MOVE, code, 100)
    arrivals = arrivals.received("white", MOVE, 4000, 2)
    assert counted(arrivals, 0, 2) == 100


def test_no_copy_counts_as_later_than_one_that_came_after_the_clock_was_set_back() -> None:
    arrivals = Arrivals().received("white", MOVE, 4000, 2).answered("white", MOVE, "conflict", 4000)
    arrivals = arrivals.received("white", MOVE, 1500, 2)
    assert counted(arrivals, 0, 2, received_ms=1500) == 1500


@pytest.mark.parametrize(
    "code", [None, "illegal_move", "not_your_turn", "bad_move", "game_over", "out_of_time"]
)
def test_nothing_is_kept_after_a_final_answer(code: str | None) -> None:
    arrivals = Arrivals().received("white", MOVE, 100, 2).answered("white", MOVE, code, 100)
    assert arrivals == Arrivals()


def test_each_player_has_one_life_and_another_command_does_not_touch_it() -> None:
    arrivals = Arrivals().received("white", MOVE, 100, 2)
    assert arrivals.received("white", DrawYes(a=7), 200, 2) == arrivals
    assert counted(arrivals.received("black", OTHER_MOVE, 200, 2), 0, 2) == 100
    assert counted(arrivals.received("white", OTHER_MOVE, 200, 2), 0, 2) == 9000


def test_an_old_copy_is_forgotten_and_the_memory_is_bounded() -> None:
    arrivals = Arrivals().received("white", MOVE, 0, 2).answered("white", MOVE, "conflict", 0)
    assert counted(arrivals.received("white", MOVE, KEPT_MS + 1, 2), 0, 2) == KEPT_MS + 1
    for ply in range(100):
        arrivals = arrivals.received("white", MOVE, ply, ply)
    assert arrivals.white is not None
    assert len(arrivals.white.copies) == MOST_COPIES
