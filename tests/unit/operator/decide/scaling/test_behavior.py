"""HPA's behavior by HPA's documented examples, and its source where the documentation is silent."""

from typing import Any

import pytest

from chess_operator.api.model.scaling import Behavior
from chess_operator.decide.scaling.behavior import ScalingStep, longest_window_ms, step
from chess_operator.decide.scaling.history import ordered, recommend
from chess_operator.decide.values import History

PODS_4 = {"type": "Pods", "value": 4, "periodSeconds": 60}
PERCENT_10 = {"type": "Percent", "value": 10, "periodSeconds": 60}


def scaled(
    behavior: dict[str, Any],
    current: int,
    want: int,
    events: list[tuple[int, int]] | None = None,
    at_seconds: int = 1000,
) -> ScalingStep:
    """Scale one step, where nothing else has ever been recommended."""
    parsed = Behavior.model_validate(behavior)
    past = History()
    for second, change in events or ():
        past = ordered(past, change, 3_600_000, second * 1000)
    past = recommend(past, want, longest_window_ms(parsed), at_seconds * 1000)
    return step(parsed, past, current, at_seconds * 1000)


@pytest.mark.parametrize(
    "current, allowed",
    [(80, 72), (72, 64), (40, 36), (39, 35), (10, 6), (5, 1), (3, 0)],
    ids=[
        "10 % of 80",
        "7.2 rounds up",
        "10 % of 40 is 4",
        "below 40 pods count",
        "few",
        "fewer",
        "none left",
    ],
)
def test_the_documented_policies_for_scaling_down(current: int, allowed: int) -> None:
    """`periodSeconds: 60` with 4 pods and 10 %: the larger change counts; 10 % of 72 is 7.2, rounded up to 8."""
    assert scaled({"scaleDown": {"policies": [PODS_4, PERCENT_10]}}, current, 0).replicas == allowed


@pytest.mark.parametrize("select, allowed", [("Max", 72), ("Min", 76), ("Disabled", 80)])
def test_select_policy_down(select: str, allowed: int) -> None:
    down = {"policies": [PODS_4, PERCENT_10], "selectPolicy": select}
    result = scaled({"scaleDown": down}, 80, 0)
    assert (result.replicas, result.limited_by) == (allowed, "ScaleDownLimit")


@pytest.mark.parametrize("select, allowed", [("Max", 88), ("Min", 84), ("Disabled", 80)])
def test_select_policy_up(select: str, allowed: int) -> None:
    up = {"policies": [PODS_4, PERCENT_10], "selectPolicy": select}
    result = scaled({"scaleUp": up}, 80, 200)
    assert (result.replicas, result.limited_by) == (allowed, "ScaleUpLimit")


@pytest.mark.parametrize("current, allowed", [(0, 4), (1, 5), (4, 8), (5, 10), (50, 100)])
def test_the_default_way_up_is_four_pods_or_the_double(current: int, allowed: int) -> None:
    assert scaled({}, current, 1000).replicas == allowed


def test_the_default_way_down_has_no_rate() -> None:
    assert scaled({}, 50, 1).replicas == 1


def test_small_percentages_add_at_least_one() -> None:
    up = {"policies": [{"type": "Percent", "value": 1, "periodSeconds": 60}]}
    assert scaled({"scaleUp": up}, 3, 10).replicas == 4


@pytest.mark.parametrize(
    "events, allowed",
    [
        ([], 14),
        ([(970, 4)], 10),
        ([(970, 3)], 11),
        ([(939, 4)], 14),
        ([(940, 4)], 14),
        ([(941, 4)], 10),
        ([(970, -2)], 16),
        ([(970, 9)], 10),
    ],
    ids=[
        "nothing yet",
        "used up",
        "partly",
        "long ago",
        "just out of the period",
        "just within",
        "scaled in",
        "too much",
    ],
)
def test_what_was_added_within_the_period_counts(events: list[tuple[int, int]], allowed: int) -> None:
    assert scaled({"scaleUp": {"policies": [PODS_4]}}, 10, 50, events).replicas == allowed


@pytest.mark.parametrize(
    "events, allowed", [([], 6), ([(970, -4)], 10), ([(970, -1)], 7), ([(970, 2)], 4), ([(930, -4)], 6)]
)
def test_what_was_taken_within_the_period_counts(events: list[tuple[int, int]], allowed: int) -> None:
    assert scaled({"scaleDown": {"policies": [PODS_4]}}, 10, 0, events).replicas == allowed


def test_it_wakes_when_the_first_event_leaves_its_period() -> None:
    result = scaled({"scaleUp": {"policies": [PODS_4]}}, 10, 50, [(960, 2), (990, 2)])
    assert (result.replicas, result.again_ms) == (10, 1_020_000)


def stabilized(
    behavior: dict[str, Any], asked: list[tuple[int, int]], current: int, at_seconds: int
) -> ScalingStep:
    parsed, past = Behavior.model_validate(behavior), History()
    for second, want in asked:
        past = recommend(past, want, longest_window_ms(parsed), second * 1000)
    return step(parsed, past, current, at_seconds * 1000)


@pytest.mark.parametrize(
    "at_seconds, replicas",
    [(100, 10), (399, 10), (400, 5), (401, 5), (499, 5), (501, 2)],
)
def test_the_way_down_takes_the_highest_of_the_window(at_seconds: int, replicas: int) -> None:
    """10 until 100 s, then 5 until 200 s, then 2; the window is 300 s."""
    assert stabilized({}, [(0, 10), (100, 5), (200, 2)], 10, at_seconds).replicas == replicas


def test_the_way_up_takes_the_lowest_of_its_window() -> None:
    behavior = {
        "scaleUp": {
            "stabilizationWindowSeconds": 60,
            "policies": [{"type": "Pods", "value": 99, "periodSeconds": 1}],
        }
    }
    asked = [(0, 2), (100, 9)]
    assert [stabilized(behavior, asked, 2, at).replicas for at in (100, 130, 159, 160)] == [2, 2, 2, 9]


def test_it_wakes_when_the_window_lets_go() -> None:
    asked, current = [(0, 10), (100, 5), (200, 2)], 10
    seen = []
    now = 200
    for _ in range(4):
        result = stabilized({}, asked, current, now)
        current = result.replicas
        if result.again_ms is None:
            break
        seen.append((now, current))
        now = result.again_ms // 1000
    assert current == 2
    assert seen[0] == (200, 10)
    assert now <= 510


def test_a_spike_counts_for_the_window_and_no_longer() -> None:
    asked = [(0, 2), (100, 9), (101, 2)]
    assert stabilized({}, asked, 9, 390).replicas == 9
    assert stabilized({}, asked, 9, 410).replicas == 2
