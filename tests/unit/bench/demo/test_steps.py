"""Each replica that is due is a step of its own, however many a patch brings, and those that never come are counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_bench.demo.steps import MISSED_AFTER_SECONDS, Phase, Steps


def steps(there: int | None = 2) -> Steps:
    made = Steps(wanted=lambda connections: connections // 10)
    if there is not None:
        made.replicas(0.0, there)
    return made


def taken(made: Steps) -> list[tuple[int, float | None]]:
    return [(one.number, one.reaction_seconds) for one in made.taken]


def test_a_late_replica_does_not_hide_behind_another_in_the_same_patch() -> None:
    made = steps()
    made.connections(10.0, 30)
    made.connections(64.5, 40)
    assert made.replicas(65.0, 4) == 10.0
    assert taken(made) == [(3, 55.0), (4, 0.5)]


def test_a_replica_that_never_comes_is_missing() -> None:
    made = steps()
    made.connections(10.0, 40)
    made.replicas(11.0, 3)
    made.end(100.0)
    assert taken(made) == [(3, 1.0), (4, None)]
    assert [one.number for one in made.missing] == [4]
    assert made.reactions == [1.0]


@pytest.mark.parametrize(
    "seconds, missing",
    [
        pytest.param(MISSED_AFTER_SECONDS - 0.1, [], id="a-flicker"),
        pytest.param(MISSED_AFTER_SECONDS, [3], id="long-enough"),
    ],
)
def test_a_replica_that_was_wanted_for_a_while_only(seconds: float, missing: list[int]) -> None:
    made = steps()
    made.connections(10.0, 30)
    made.connections(10.0 + seconds, 20)
    assert [one.number for one in made.missing] == missing


def test_a_replica_that_goes_while_it_is_wanted_is_due_again() -> None:
    made = steps(3)
    made.connections(10.0, 30)
    made.replicas(20.0, 2)
    made.replicas(21.0, 3)
    assert taken(made) == [(3, 1.0)]


def test_replicas_that_were_there_before_the_first_report_are_no_steps() -> None:
    made = steps(None)
    made.connections(1.0, 20)
    assert made.replicas(2.0, 2) is None
    assert taken(made) == []


def test_a_replica_that_came_before_the_players_needed_it_waited_for_them() -> None:
    made = steps()
    assert made.replicas(5.0, 4) is None
    made.connections(5.1, 30)
    made.replicas(6.0, 3)
    made.connections(7.0, 40)
    made.replicas(7.5, 4)
    assert taken(made) == [(3, 0.0), (4, 0.5)]


def test_without_any_report_all_replicas_are_missing() -> None:
    made = steps(None)
    made.connections(1.0, 20)
    made.end(10.0)
    assert taken(made) == [(1, None), (2, None)]


def test_a_step_belongs_to_the_phase_in_which_it_became_due() -> None:
    made = steps()
    made.connections(1.0, 30)
    made.phase = Phase.LEAVING
    made.replicas(2.0, 3)
    assert [one.phase for one in made.taken] == [Phase.COMING]


@given(st.lists(st.tuples(st.sampled_from(["connections", "replicas"]), st.integers(0, 60)), max_size=40))
def test_no_step_is_taken_before_it_is_due_or_twice_at_once(events: list[tuple[str, int]]) -> None:
    made = steps()
    for now, (kind, count) in enumerate(events, 1):
        if kind == "connections":
            made.connections(float(now), count)
        else:
            made.replicas(float(now), count // 10)
    made.end(float(len(events) + 1))
    assert all(one.reaction_seconds is None or one.reaction_seconds >= 0 for one in made.taken)
    for number in {one.number for one in made.taken}:
        due = [one.due_at for one in made.taken if one.number == number]
        assert due == sorted(set(due))
