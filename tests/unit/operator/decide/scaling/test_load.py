"""wanted = ceil((connections + buffer) / target)."""

import pytest

from chess_operator.api.model.scaling import Scaling
from chess_operator.decide.scaling.load import buffer, wanted


@pytest.mark.parametrize(
    "connections, size, spare",
    [
        (0, 0, 0),
        (0, 500, 500),
        (900, 500, 500),
        (0, "10%", 0),
        (90, "10%", 10),
        (91, "10%", 11),
        (10, "50%", 10),
        (5, "0%", 0),
        (1, "99%", 99),
    ],
)
def test_buffer_is_a_number_or_a_share_of_the_capacity(connections: int, size: int | str, spare: int) -> None:
    assert buffer(connections, size) == spare


@pytest.mark.parametrize(
    "connections, current, replicas",
    [
        (0, 0, 0),
        (1, 0, 1),
        (100, 0, 1),
        (101, 0, 2),
        (100, 1, 1),
        (101, 1, 2),
        (200, 3, 2),
        (10_000_000, 1, 100_000),
    ],
)
def test_wanted_without_tolerance(connections: int, current: int, replicas: int) -> None:
    scaling = Scaling.model_validate(
        {
            "targetConnectionsPerReplica": 100,
            "bufferSize": 0,
            "behavior": {"scaleUp": {"tolerance": 0}, "scaleDown": {"tolerance": 0}},
        }
    )
    assert wanted(connections, scaling, current) == replicas


@pytest.mark.parametrize(
    "connections, replicas",
    [(899, 9), (900, 10), (950, 10), (1000, 10), (1100, 10), (1101, 12)],
    ids=["below", "lower edge", "within", "exact", "upper edge", "above"],
)
def test_hpas_default_tolerance_is_a_tenth_either_way(connections: int, replicas: int) -> None:
    scaling = Scaling.model_validate({"targetConnectionsPerReplica": 100, "bufferSize": 0})
    assert wanted(connections, scaling, current=10) == replicas


def test_each_direction_has_its_own_tolerance() -> None:
    behavior = {"scaleUp": {"tolerance": "50m"}, "scaleDown": {"tolerance": "0.5"}}
    scaling = Scaling.model_validate(
        {"targetConnectionsPerReplica": 100, "bufferSize": 0, "behavior": behavior}
    )
    assert [wanted(load, scaling, current=10) for load in (499, 500, 1050, 1051)] == [5, 10, 10, 11]


def test_the_buffer_counts_for_the_tolerance() -> None:
    scaling = Scaling.model_validate({"targetConnectionsPerReplica": 100, "bufferSize": 200})
    assert wanted(901, scaling, current=10) == 12
