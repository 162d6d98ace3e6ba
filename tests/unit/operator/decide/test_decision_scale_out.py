"""Scale-out: drains of living pods are undone, the rest is created. And the first replicas of all."""

from collections.abc import Callable

import pytest

from chess_operator.decide.values import DRAINED_COST, Decision, Pod

Make = Callable[..., Pod]
Decide = Callable[..., Decision]
LATER = 900_000


def test_more_players_make_more_replicas_at_once(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a"), pod("b")], {"a": 20, "b": 11})
    assert decision.plans["blue"].replicas == 4
    assert decision.plans["blue"].guard is None, "adding hurts nobody and must not conflict with status churn"
    assert (decision.desired, decision.wanted, decision.reason) == (4, 4, "ScaledOut")
    assert decision.message == (
        "31 connections plus a buffer of 0, at 10 per replica, need 4; 2 to 4: 0 returned from draining, 2 created"
    )
    assert decision.history.last_scale_ms == 600_000


def test_draining_pods_come_back_before_new_ones_are_made(pod: Make, decided: Decide) -> None:
    pods = [pod("a"), pod("b", deadline=LATER), pod("c", deadline=LATER, deletion_cost=DRAINED_COST)]
    decision = decided(pods, {"a": 20, "b": 6, "c": 0}, census={"draining": frozenset("bc")})
    assert [(undrain.uid, undrain.connections) for undrain in decision.undrains] == [("b", 6), ("c", 0)]
    assert decision.plans["blue"].replicas == 3
    assert not decision.going
    assert not decision.deletion_costs, "taking back resets the cost itself"


def test_the_one_with_the_most_players_comes_back(pod: Make, decided: Decide) -> None:
    pods = [pod("a"), pod("b", deadline=LATER), pod("c", deadline=LATER)]
    decision = decided(pods, {"a": 9, "b": 2, "c": 7}, census={"draining": frozenset("bc")})
    assert [undrain.uid for undrain in decision.undrains] == ["c"]
    assert decision.plans["blue"].replicas == 3


@pytest.mark.parametrize(
    "state, census",
    [
        ({"running_since_ms": None, "ready": False}, {}),
        ({}, {"missing": {"b": 0}}),
        ({}, {"unreachable": True}),
    ],
    ids=["dead", "silent", "Redis is unreachable"],
)
def test_the_drain_of_a_pod_that_may_miss_the_order_is_not_undone(
    pod: Make, decided: Decide, state: dict[str, object], census: dict[str, object]
) -> None:
    pods = [pod("a"), pod("b", deadline=LATER, **state)]
    decision = decided(pods, {"a": 20}, census=census)
    assert not decision.undrains
    assert decision.plans["blue"].replicas == 3


def test_max_replicas_limits_and_is_reported(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a"), pod("b")], {"a": 40, "b": 40}, maxReplicas=3)
    assert decision.desired == 3
    limited = decision.conditions.scaling_limited
    assert (limited.status, limited.reason) == (True, "TooManyReplicas")
    assert limited.message == "the load needs 8, maxReplicas is 3"


def test_min_replicas_limits_and_is_reported(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a"), pod("b")], {"a": 0, "b": 0}, minReplicas=2)
    assert (decision.desired, decision.reason) == (2, "Steady")
    assert decision.conditions.scaling_limited.reason == "TooFewReplicas"


def test_a_new_cluster_begins_with_min_replicas(decided: Decide) -> None:
    decision = decided([], {}, minReplicas=2, observed={"workloads": {}})
    plan = decision.plans["blue"]
    assert (plan.replicas, plan.template, plan.weight, plan.guard) == (2, "render", 100, None)
    assert (decision.desired, decision.reason) == (2, "Created")


def test_a_deployment_that_vanished_under_players_comes_back_as_large(decided: Decide) -> None:
    decision = decided([], {"a": 25, "b": 14}, observed={"workloads": {}})
    assert decision.plans["blue"].replicas == 4


def test_rates_of_the_behavior_limit_the_way_out_and_wake_again(pod: Make, decided: Decide) -> None:
    behavior = {"scaleUp": {"tolerance": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}}
    first = decided([pod("a"), pod("b")], {"a": 30, "b": 30}, behavior=behavior)
    assert first.desired == 3
    assert first.conditions.scaling_limited.reason == "ScaleUpLimit"
    pods = [pod("a"), pod("b"), pod("c")]
    second = decided(
        pods, {"a": 30, "b": 30, "c": 0}, behavior=behavior, history=first.history, now_ms=601_000
    )
    assert second.desired == 3
    assert second.wake_at_ms == 660_000
    third = decided(
        pods, {"a": 30, "b": 30, "c": 0}, behavior=behavior, history=second.history, now_ms=660_000
    )
    assert third.desired == 4


def test_a_stabilized_scale_out_is_reported(pod: Make, decided: Decide) -> None:
    behavior = {"scaleUp": {"tolerance": 0, "stabilizationWindowSeconds": 60}}
    calm = decided([pod("a"), pod("b")], {"a": 10, "b": 10}, behavior=behavior)
    spike = decided(
        [pod("a"), pod("b")], {"a": 20, "b": 10}, behavior=behavior, history=calm.history, now_ms=660_000
    )
    assert (spike.desired, spike.wanted) == (2, 3)
    able = spike.conditions.able_to_scale
    assert (able.status, able.reason) == (True, "ScaleUpStabilized")
    assert able.message == "the load needs 3 now, but only 2 throughout the stabilization window"
    assert spike.wake_at_ms == 720_000
