"""The order in which a ReplicaSet deletes, as kubernetes/pkg/controller's own table of cases has it."""

from collections.abc import Callable

import pytest

from chess_operator.decide.replicaset_order import certain, in_order
from chess_operator.decide.values import Pod

Make = Callable[..., Pod]

ORDERED = [
    ("unscheduled", {"scheduled": False, "phase": "Pending", "ready": False}),
    ("pending", {"phase": "Pending", "ready": False}),
    ("unknown", {"phase": "Unknown", "ready": False}),
    ("running, not ready, cheap", {"ready": False, "deletion_cost": -5}),
    ("running, not ready", {"ready": False}),
    ("ready, cheap", {"deletion_cost": -5}),
    ("ready", {}),
    ("ready, dear", {"deletion_cost": 5}),
]


def test_each_goes_before_the_next(pod: Make) -> None:
    pods = [pod(name, **state) for name, state in reversed(ORDERED)]
    assert [one.name for one in in_order(pods)] == [name for name, _ in ORDERED]


@pytest.mark.parametrize(
    "meant, picked",
    [
        ({"a"}, {"a"}),
        ({"a", "b"}, {"a", "b"}),
        ({"b"}, set()),
        ({"a", "c"}, {"a"}),
        ({"c"}, set()),
        ({"a", "b", "c", "d"}, {"a", "b", "c", "d"}),
        (set(), set()),
    ],
)
def test_only_a_first_part_that_is_meant_is_certain(pod: Make, meant: set[str], picked: set[str]) -> None:
    pods = [pod("a", deletion_cost=-2), pod("b", deletion_cost=-1), pod("c"), pod("d")]
    assert {one.name for one in certain(pods, meant)} == picked


def test_a_tie_is_not_certain(pod: Make) -> None:
    assert not certain([pod("a", created_at_ms=5), pod("b", created_at_ms=1)], {"a"})
