"""A game has one history: what may be stored, what is agreed to, and who is turned away."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_server.game.record import Finish, MoveRow
from chess_server.store.postgres.fence import Entry, Held, Standing, expected_ply, judge, new_rows

RESIGNED = Finish(status="resign", winner="black", result="0-1")
DRAWN = Finish(status="draw", winner=None, result="1/2-1/2")


def row(ply: int, uci: str = "e2e4") -> MoveRow:
    return MoveRow(ply, uci, uci, 100 + ply, 1000, 1000)


def entry(*plies: int, ply: int, epoch: int = 3, finish: Finish | None = None) -> Entry:
    rows = tuple(row(number) for number in plies)
    return Entry(game_id="g", epoch=epoch, ply=ply, rows=rows, finish=finish)


def standing(ply: int, status: Any = "started", winner: Any = None, epoch: int = 3) -> Standing:
    return Standing(epoch=epoch, ply=ply, status=status, winner=winner)


def held(*plies: int, uci: str = "e2e4", a: int = 100) -> Held:
    return {number: (uci, a + number) for number in plies}


@pytest.mark.parametrize(
    "wanted, there, rows, verdict",
    [
        pytest.param(entry(5, ply=5), standing(4), {}, "store", id="the next move"),
        pytest.param(entry(5, 6, ply=6), standing(4), {}, "store", id="the next two"),
        pytest.param(entry(5, ply=5), standing(5), held(5), "agreed", id="the same move again"),
        pytest.param(entry(5, ply=5), standing(7), held(5), "agreed", id="the same move, others after it"),
        pytest.param(entry(5, 6, ply=6), standing(5), held(5), "store", id="the same move and the next"),
        pytest.param(
            entry(5, ply=5), standing(5), held(5, uci="d2d4"), "contradicted", id="another move at that ply"
        ),
        pytest.param(
            entry(5, ply=5),
            standing(5),
            held(5, a=900),
            "contradicted",
            id="the same, sent by another command",
        ),
        pytest.param(entry(6, ply=6), standing(4), {}, "contradicted", id="it would leave a hole"),
        pytest.param(entry(5, 7, ply=7), standing(4), {}, "contradicted", id="it has a hole itself"),
        pytest.param(entry(5, ply=5), standing(4, epoch=4), {}, "contradicted", id="taken over by another"),
        pytest.param(entry(5, ply=5), standing(4, epoch=2), {}, "contradicted", id="of a later epoch"),
        pytest.param(entry(5, ply=5), standing(4, "resign", "white"), {}, "contradicted", id="after the end"),
        pytest.param(
            entry(5, ply=5), standing(5, "mate", "white"), held(5), "agreed", id="the last move again"
        ),
        pytest.param(entry(ply=4, finish=RESIGNED), standing(4), {}, "store", id="an end"),
        pytest.param(entry(5, ply=5, finish=RESIGNED), standing(4), {}, "store", id="a move and the end"),
        pytest.param(
            entry(5, ply=5, finish=RESIGNED), standing(5), held(5), "store", id="a stored move and the end"
        ),
        pytest.param(
            entry(ply=4, finish=RESIGNED),
            standing(4, "resign", "black"),
            {},
            "agreed",
            id="the same end again",
        ),
        pytest.param(
            entry(ply=3, finish=RESIGNED),
            standing(4, "resign", "black"),
            {},
            "contradicted",
            id="the same end of a shorter game",
        ),
        pytest.param(
            entry(ply=4, finish=DRAWN),
            standing(4, "resign", "black"),
            {},
            "contradicted",
            id="a draw after a resignation",
        ),
        pytest.param(
            entry(ply=4, finish=RESIGNED), standing(5), {}, "contradicted", id="an end, but more is stored"
        ),
        pytest.param(
            entry(ply=4, finish=RESIGNED), standing(3), {}, "contradicted", id="an end, but less is stored"
        ),
        pytest.param(
            entry(ply=4, finish=RESIGNED),
            standing(4, epoch=4),
            {},
            "contradicted",
            id="an end of the old side",
        ),
    ],
)
def test_what_becomes_of_an_entry(wanted: Entry, there: Standing, rows: Held, verdict: str) -> None:
    assert judge(wanted, there, rows) == verdict


@st.composite
def commits(draw: st.DrawFn) -> list[Entry]:
    """What two sides of a split want stored, in any order: each made on what that side knows."""
    made = []
    for _ in range(draw(st.integers(1, 12))):
        first = draw(st.integers(1, 6))
        count = draw(st.integers(0, 2))
        ucis = draw(st.lists(st.sampled_from(["one", "other"]), min_size=count, max_size=count))
        rows = tuple(row(first + number, uci) for number, uci in enumerate(ucis))
        finish = draw(st.sampled_from([None, None, RESIGNED, DRAWN]))
        last = first + count - 1
        epoch = draw(st.integers(1, 2))
        made.append(Entry(game_id="g", epoch=epoch, ply=last, rows=rows, finish=finish))
    return made


@given(entries=commits())
def test_whatever_comes_in_whatever_order_there_is_one_history(entries: list[Entry]) -> None:
    moves: list[MoveRow] = []
    there = standing(0, epoch=1)
    for one in entries:
        known = {each.ply: (each.uci, each.a) for each in moves}
        before = (list(moves), there)
        verdict = judge(one, there, known)
        if verdict == "store":
            moves += new_rows(one, there)
            end = one.finish
            status, winner = (end.status, end.winner) if end else (there.status, there.winner)
            there = standing(len(moves), status, winner, epoch=1)
        if verdict != "contradicted":  # then it is acknowledged
            assert all(moves[each.ply - 1] == each for each in one.rows)
            assert one.finish is None or (one.finish.status, one.ply) == (there.status, len(moves))
        assert [each.ply for each in moves] == list(range(1, len(moves) + 1))
        assert moves[: len(before[0])] == before[0]
        assert before[1].status in ("started", there.status), "the first stored end stays"


@pytest.mark.parametrize(
    "wanted, ply",
    [
        pytest.param(entry(1, ply=1), 0, id="the first move"),
        pytest.param(entry(5, 6, ply=6), 4, id="two moves"),
        pytest.param(entry(ply=4, finish=DRAWN), 4, id="an end"),
        pytest.param(entry(5, ply=5, finish=DRAWN), 4, id="a move and the end"),
        pytest.param(entry(5, 7, ply=7), None, id="a hole"),
        pytest.param(entry(6, 5, ply=6), None, id="out of order"),
        pytest.param(entry(5, ply=6, finish=DRAWN), None, id="an end of a longer game"),
    ],
)
def test_what_is_stored_without_a_comparison(wanted: Entry, ply: int | None) -> None:
    assert expected_ply(wanted) == ply


@given(
    st.lists(st.integers(1, 6), max_size=3),
    st.integers(0, 6),
    st.sampled_from([None, DRAWN]),
    st.integers(0, 6),
)
def test_what_is_stored_without_a_comparison_would_be_stored_with_it(
    plies: list[int], ply: int, finish: Finish | None, there: int
) -> None:
    wanted = entry(*plies, ply=ply, finish=finish)
    if (plies or finish) and expected_ply(wanted) == there:
        assert judge(wanted, standing(there), {}) == "store"
        assert new_rows(wanted, standing(there)) == wanted.rows
