"""What is left alone: paused clusters, live colours' templates, replicas that somebody else drives."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chess_operator.decide.values import DRAINED_COST, Decision, History, Pod, Workload

Make = Callable[..., Pod]
Decide = Callable[..., Decision]
LATER = 900_000


def test_a_paused_cluster_stays_as_it_is(pod: Make, decided: Decide) -> None:
    gone = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    decision = decided(
        [pod("a"), gone], {"a": 90, "c": 0}, census={"draining": frozenset("c")}, spec={"paused": True}
    )
    assert decision.reason == "Paused"
    assert decision.plans["blue"].replicas == 2
    assert decision.plans["blue"].template == "keep"
    assert (decision.drains, decision.undrains, decision.going) == ((), (), ())
    assert decision.conditions.able_to_scale.status is False
    assert decision.conditions.paused.status
    assert decision.conditions.draining.status, "what drains is still reported"


def test_a_paused_cluster_that_does_not_exist_yet_is_not_begun(decided: Decide) -> None:
    assert not decided([], {}, observed={"workloads": {}}, spec={"paused": True}).plans


@pytest.mark.parametrize(
    "census, connections, template",
    [
        ({}, {"a": 1, "b": 0}, "keep"),
        ({}, {"a": 0, "b": 0}, "render"),
        ({"missing": {"b": 0}}, {"a": 0}, "keep"),
        ({"unreachable": True}, {}, "keep"),
    ],
    ids=["players", "nobody", "nobody known, one silent", "Redis unreachable"],
)
def test_a_new_template_waits_for_the_last_player(
    pod: Make, decided: Decide, census: dict[str, object], connections: dict[str, int], template: str
) -> None:
    decision = decided([pod("a"), pod("b")], connections, census=census, observed={"revision": "r2"})
    assert decision.plans["blue"].template == template
    assert decision.conditions.rollout_pending.status is (template == "keep")


def test_a_wrong_image_may_be_mended_at_once(pod: Make, decided: Decide) -> None:
    stuck = pod("a", phase="Pending", ready=False, running_since_ms=None, waiting="ImagePullBackOff")
    assert decided([stuck], {}, observed={"revision": "r2"}).plans["blue"].template == "render"


def test_the_same_revision_keeps_its_template(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a")], {"a": 0})
    assert decision.plans["blue"].template == "keep"
    assert decision.conditions.rollout_pending.status is False


def test_while_the_deployment_rolls_nothing_is_scaled_in(pod: Make, decided: Decide) -> None:
    old = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    pods = [pod("a", revision="r2"), pod("b"), old]
    decision = decided(pods, {"a": 1, "b": 1, "c": 0}, census={"draining": frozenset("c")})
    assert (decision.desired, decision.plans["blue"].replicas, decision.drains) == (2, 3, ())
    assert decision.conditions.able_to_scale.reason == "TemplateRolling"


def rolling(**more: Any) -> dict[str, object]:
    workload = Workload(colour="blue", replicas=3, resource_version="7", revision="r1")
    return {"workloads": {"blue": replace(workload, **more)}}


def test_a_restart_by_somebody_else_rolls_too(pod: Make, decided: Decide) -> None:
    """`kubectl rollout restart` changes the template, and not the revision."""
    old = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    census = {"draining": frozenset("c")}
    decision = decided(
        [pod("a"), pod("b"), old], {"a": 1, "b": 1, "c": 0}, census=census, observed=rolling(rolling=True)
    )
    assert (decision.desired, decision.plans["blue"].replicas, decision.drains) == (2, 3, ())
    assert decision.conditions.able_to_scale.reason == "TemplateRolling"


def test_an_emptied_pod_waits_until_the_controller_has_seen_the_last_change(
    pod: Make, decided: Decide
) -> None:
    old = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    census = {"draining": frozenset("c")}
    decision = decided(
        [pod("a"), pod("b"), old], {"a": 10, "b": 10, "c": 0}, census=census, observed=rolling(observed=False)
    )
    assert decision.plans["blue"].replicas == 3
    assert decision.conditions.able_to_scale.status, "it is the usual state right after a change"


def test_a_deployment_that_comes_back_removes_no_pod(pod: Make, decided: Decide) -> None:
    """Somebody removed its labels: it exists, with its pods, but the watch does not show it."""
    pods = [pod("a"), pod("b"), pod("c"), pod("d", terminating=True)]
    decision = decided(pods, {"a": 1, "b": 1, "c": 1}, observed={"workloads": {}})
    assert decision.plans["blue"].replicas == 3


@pytest.mark.parametrize("replicas, drains", [(5, 0), (2, 0), (1, 1), (0, 2), (None, 0)])
def test_external_replicas_are_in_force_and_drained_in(
    pod: Make, decided: Decide, replicas: int | None, drains: int
) -> None:
    decision = decided([pod("a"), pod("b")], {"a": 90, "b": 90}, mode="External", spec={"replicas": replicas})
    assert decision.desired == (2 if replicas is None else replicas)
    assert len(decision.drains) == drains
    assert decision.conditions.scaling_active.reason == "External"
    assert decision.plans["blue"].replicas == max(2, decision.desired)


@pytest.mark.parametrize(
    "replicas, begun", [(4, 4), (None, 3)], ids=["as asked", "minReplicas when nothing is asked"]
)
def test_an_external_cluster_begins(decided: Decide, replicas: int | None, begun: int) -> None:
    how = {"mode": "External", "minReplicas": 3, "spec": {"replicas": replicas}}
    assert decided([], {}, observed={"workloads": {}}, **how).plans["blue"].replicas == begun


def test_external_replicas_wait_for_a_complete_census_too(pod: Make, decided: Decide) -> None:
    decision = decided(
        [pod("a"), pod("b")], {"a": 1}, mode="External", spec={"replicas": 1}, census={"missing": {"b": 1}}
    )
    assert decision.desired == 2


def test_spec_replicas_are_not_silently_ignored(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a")], {"a": 1}, spec={"replicas": 7})
    assert decision.desired == 1
    assert "spec.replicas (7) does not apply" in decision.conditions.scaling_active.message


CLOSED = [{"name": "closed", "start": "* * * * *", "durationSeconds": 3600, "minReplicas": 0}]


def test_the_last_replica_goes_only_after_the_cooldown(pod: Make, decided: Decide, now: int) -> None:
    first = decided([pod("a")], {"a": 0}, schedules=CLOSED, cooldownPeriodSeconds=300)
    assert (first.desired, first.conditions.able_to_scale.reason) == (1, "CoolingDown")
    assert first.wake_at_ms is not None
    assert first.wake_at_ms <= now + 300_000
    later = decided([pod("a")], {"a": 0}, schedules=CLOSED, history=first.history, now_ms=now + 300_000)
    assert later.desired == 0
    assert [drain.uid for drain in later.drains] == ["a"]


@pytest.mark.parametrize("buffer", [5, "50%"])
def test_spare_capacity_does_not_keep_a_closed_service_open(
    pod: Make, decided: Decide, now: int, buffer: int | str
) -> None:
    decision = decided(
        [pod("a")],
        {"a": 0},
        schedules=CLOSED,
        bufferSize=buffer,
        history=History(idle_since_ms=now - 300_000),
    )
    assert decision.desired == 0
    assert "nobody is connected" in decision.message


def test_a_connection_begins_the_cooldown_anew(pod: Make, decided: Decide, now: int) -> None:
    busy = decided([pod("a")], {"a": 1}, schedules=CLOSED, history=History(idle_since_ms=0))
    assert busy.history.idle_since_ms is None
    assert busy.desired == 1
    idle = decided([pod("a")], {"a": 0}, schedules=CLOSED, history=busy.history, now_ms=now + 1000)
    assert idle.history.idle_since_ms == now + 1000
    assert idle.desired == 1


def test_the_memory_does_not_change_while_nothing_does(pod: Make, decided: Decide, now: int) -> None:
    first = decided([pod("a")], {"a": 0})
    second = decided([pod("a")], {"a": 0}, history=first.history, now_ms=now + 777_000)
    assert replace(second.history, last={}) == replace(first.history, last={})
