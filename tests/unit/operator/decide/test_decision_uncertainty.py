"""What is not known: missing pods, an unreachable Redis, a lost history, a clock that went back."""

from collections.abc import Callable

import pytest

from chess_operator.decide.values import DRAINED_COST, Decision, History, Pod, Recommendation

Make = Callable[..., Pod]
Decide = Callable[..., Decision]


@pytest.mark.parametrize(
    "census, connections, reason",
    [
        ({"missing": {"c": 0}}, {"a": 1, "b": 1}, "CensusIncomplete"),
        ({"unreachable": True, "missing": {"a": 5, "b": 5, "c": 5}}, {}, "RedisUnreachable"),
        ({"missing": {"a": 0, "b": 0, "c": 0}}, {}, "CensusIncomplete"),
    ],
    ids=["one pod is silent", "Redis is unreachable", "Redis came back empty"],
)
def test_nothing_is_scaled_in(
    pod: Make, decided: Decide, census: dict[str, object], connections: dict[str, int], reason: str
) -> None:
    decision = decided([pod("a"), pod("b"), pod("c")], connections, census=census)
    assert (decision.desired, decision.drains, decision.plans["blue"].replicas) == (3, (), 3)
    assert decision.conditions.scaling_active.reason == reason
    assert decision.reason == "CensusIncomplete"


def test_what_is_not_known_is_not_called_zero(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a"), pod("b")], {}, census={"unreachable": True, "missing": {"a": 4, "b": 4}})
    assert decision.wanted is None
    assert decision.message == "the connections are not known; 2 serve, nothing is scaled in"
    assert decision.conditions.scaling_limited.reason == "LoadUnknown"


def test_an_emptied_pod_does_not_go_while_another_is_silent(pod: Make, decided: Decide) -> None:
    gone = pod("c", deadline=900_000, deletion_cost=DRAINED_COST)
    decision = decided(
        [pod("a"), pod("b"), gone],
        {"a": 10, "c": 0},
        census={"draining": frozenset("c"), "missing": {"b": 10}},
    )
    assert decision.plans["blue"].replicas == 3


def test_what_is_known_may_still_scale_out(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a"), pod("b")], {"a": 35}, census={"missing": {"b": 0}})
    assert decision.desired == 4


def test_a_lower_max_waits_for_a_complete_census(pod: Make, decided: Decide) -> None:
    pods, census = [pod("a"), pod("b"), pod("c")], {"missing": {"c": 1}}
    assert decided(pods, {"a": 1, "b": 1}, maxReplicas=2, census=census).desired == 3
    assert decided(pods, {"a": 1, "b": 1, "c": 1}, maxReplicas=2).desired == 1


def test_the_fallback_applies_after_its_threshold_and_ends_with_the_gap(pod: Make, decided: Decide) -> None:
    fallback, census = {"failureThreshold": 3, "replicas": 5}, {"unreachable": True}
    first = decided([pod("a"), pod("b")], {}, census=census, fallback=fallback)
    assert (first.desired, first.conditions.fallback.status, first.wake_at_ms) == (2, False, 615_000)
    second = decided(
        [pod("a"), pod("b")], {}, census=census, fallback=fallback, history=first.history, now_ms=615_000
    )
    assert (second.desired, second.conditions.fallback.status, second.reason) == (5, True, "ScaledOut")
    third = decided(
        [pod("a"), pod("b")], {"a": 15, "b": 5}, fallback=fallback, history=second.history, now_ms=616_000
    )
    assert third.conditions.fallback.status is False
    assert third.history.failing_since_ms is None


@pytest.mark.parametrize(
    "fallback, desired",
    [
        ({"replicas": 5}, 5),
        ({"replicas": 1}, 2),
        ({"replicas": 50}, 10),
        ({"replicas": 5, "behavior": "currentReplicas"}, 2),
    ],
    ids=["raises", "never lowers", "within maxReplicas", "currentReplicas keeps"],
)
def test_fallback_behavior(pod: Make, decided: Decide, fallback: dict[str, object], desired: int) -> None:
    history = History(failing_since_ms=0)
    decision = decided(
        [pod("a"), pod("b")], {}, census={"unreachable": True}, fallback=fallback, history=history
    )
    assert decision.desired == desired


def test_a_missing_pods_last_number_is_kept(pod: Make, decided: Decide) -> None:
    first = decided([pod("a"), pod("b")], {"a": 12, "b": 7})
    assert dict(first.history.last) == {"a": 12, "b": 7}
    second = decided([pod("a"), pod("b")], {"a": 13}, census={"missing": {"b": 7}}, history=first.history)
    assert dict(second.history.last) == {"a": 13, "b": 7}


def test_without_history_nothing_is_scaled_in_for_one_window(pod: Make, decided: Decide, now: int) -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    pods, connections = [pod("a"), pod("b"), pod("c")], {"a": 1, "b": 1, "c": 1}
    first = decided(pods, connections, behavior=behavior)
    assert first.desired == 3
    assert first.conditions.able_to_scale.reason == "ScaleDownStabilized"
    assert first.wake_at_ms is not None
    early = decided(pods, connections, behavior=behavior, history=first.history, now_ms=first.wake_at_ms - 1)
    assert early.desired == 3
    assert now + 60_000 <= first.wake_at_ms <= now + 61_000
    after = decided(pods, connections, behavior=behavior, history=first.history, now_ms=first.wake_at_ms)
    assert after.desired == 1


def test_a_clock_that_goes_back_neither_erases_the_memory_nor_prolongs_it(
    pod: Make, decided: Decide, now: int
) -> None:
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    past = History(
        recommendations=(Recommendation(at_ms=900_000, low=3, high=3, last=3),), failing_since_ms=900_000
    )
    decision = decided(
        [pod("a"), pod("b"), pod("c")], {"a": 1, "b": 1, "c": 1}, behavior=behavior, history=past
    )
    assert decision.desired == 3
    later = decided(
        [pod("a"), pod("b"), pod("c")],
        {"a": 1, "b": 1, "c": 1},
        behavior=behavior,
        history=decision.history,
        now_ms=now + 62_000,
    )
    assert later.desired == 1


def test_the_operator_wakes_when_a_pod_should_have_spoken(pod: Make, decided: Decide) -> None:
    young = pod("b", running_since_ms=598_000)
    assert decided([pod("a"), young], {"a": 15}).wake_at_ms == 603_001


@pytest.mark.parametrize(
    "seen, replicas", [({}, 2), ({"x": 6, "y": 6}, 4)], ids=["not created yet", "counted, but not seen"]
)
def test_pods_with_a_record_are_not_given_up_as_uncreated(
    pod: Make, decided: Decide, seen: dict[str, int], replicas: int
) -> None:
    """The watch of the pods lags: two of them have players already."""
    decision = decided(
        [pod("a"), pod("b")],
        {"a": 4, "b": 4, **seen},
        replicas=4,
        mode="External",
        spec={"replicas": 2},
    )
    assert decision.plans["blue"].replicas == replicas
    assert len(decision.drains) == replicas - 2


def test_decisions_without_a_reason_to_wake_do_not(pod: Make, decided: Decide) -> None:
    assert decided([pod("a"), pod("b")], {"a": 10, "b": 10}).wake_at_ms is None
