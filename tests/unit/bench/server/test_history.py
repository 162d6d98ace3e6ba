"""What the database must hold after chaos, as a table of histories."""

import pytest

from chess_bench.server import history

GOOD = [(1, "e2e4"), (2, "e7e5"), (3, "g1f3")]


@pytest.mark.parametrize(
    "stored, committed, fault",
    [
        (GOOD, {1: "e2e4", 3: "g1f3"}, None),
        (GOOD, {}, None),
        (GOOD, {4: "b8c6"}, "ply 4, b8c6, was acknowledged; stored is nothing"),
        (GOOD, {2: "c7c5"}, "ply 2, c7c5, was acknowledged; stored is e7e5"),
        (GOOD[:1] + GOOD[2:], {}, "ply 3 stands where 2 should"),
        ([*GOOD, (3, "d2d4")], {}, "ply 3 stands where 4 should"),
        ([(1, "e2e4"), (2, "e4e5")], {}, "is not legal"),
    ],
    ids=["whole", "nothing acknowledged", "lost", "another move", "hole", "twice", "illegal"],
)
def test_a_history_is_whole_and_has_what_was_acknowledged(
    stored: list[tuple[int, str]], committed: dict[int, str], fault: str | None
) -> None:
    found = history.faults({"game0001": stored}, {"game0001": committed})
    assert len(found) == (fault is not None)
    assert all(fault in line and line.startswith("game0001: ") for line in found if fault)


def test_a_game_that_is_not_there_at_all_has_lost_everything() -> None:
    assert len(history.faults({}, {"game0001": {1: "e2e4", 2: "e7e5"}})) == 2


def test_both_players_saw_the_stored_result() -> None:
    assert history.contradictions({"a": "1-0", "b": "0-1"}, {"a": "1-0", "b": "0-1", "c": "*"}) == []
    assert len(history.contradictions({"a": "1-0", "b": "0-1"}, {"a": "1/2-1/2"})) == 2
