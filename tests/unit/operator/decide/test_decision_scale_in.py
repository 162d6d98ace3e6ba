"""Scale-in: the fewest players drain, an emptied pod's cost is lowered, then replicas go down by exactly those pods."""

from collections.abc import Callable

import pytest

from chess_operator.decide.values import DRAINED_COST, DRAINING_COST, Decision, History, Pod

Make = Callable[..., Pod]
Decide = Callable[..., Decision]
LATER = 900_000


def test_the_pod_with_the_fewest_connections_drains_and_replicas_stay(
    pod: Make, decided: Decide, now: int
) -> None:
    decision = decided(
        [pod("a"), pod("b"), pod("c")], {"a": 8, "b": 3, "c": 7}, spec={"drain": {"deadlineSeconds": 60}}
    )
    assert [(drain.uid, drain.connections, drain.resource_version) for drain in decision.drains] == [
        ("b", 3, "v-b")
    ]
    assert decision.drains[0].deadline_ms == now + 60_000
    assert decision.plans["blue"].replicas == 3
    assert (decision.desired, decision.reason) == (2, "ScaledIn")
    assert "18 connections" in decision.message
    assert decision.conditions.draining.status
    assert decision.wake_at_ms is not None


@pytest.mark.parametrize(
    "dead",
    [
        {"running_since_ms": None, "ready": False, "waiting": "CrashLoopBackOff"},
        {"running_since_ms": None, "ready": False, "phase": "Pending", "waiting": "ImagePullBackOff"},
        {
            "running_since_ms": None,
            "ready": False,
            "phase": "Pending",
            "scheduled": False,
            "waiting": "Unschedulable",
        },
    ],
    ids=["crashing", "image cannot be pulled", "unschedulable"],
)
def test_a_dead_pod_goes_before_one_with_players(pod: Make, decided: Decide, dead: dict[str, object]) -> None:
    decision = decided([pod("a"), pod("b"), pod("c", **dead)], {"a": 8, "b": 3})
    assert [drain.uid for drain in decision.drains] == ["c"]


def test_of_equally_empty_pods_the_youngest_goes(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a"), pod("b", created_at_ms=500_000), pod("c")], {"a": 5, "b": 5, "c": 5})
    assert [drain.uid for drain in decision.drains] == ["b"]


def test_replicas_that_do_not_exist_yet_are_forgone_before_anybody_drains(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a"), pod("b")], {"a": 8, "b": 8}, replicas=4)
    assert not decision.drains
    assert decision.plans["blue"].replicas == 2
    assert decision.plans["blue"].guard == "7"


@pytest.mark.parametrize(
    "label, drains, census, cost",
    [
        (
            "reports that it drains and is empty",
            {"deadline": LATER},
            {"draining": frozenset("c")},
            DRAINED_COST,
        ),
        ("is empty but has not reported that it drains", {"deadline": LATER}, {}, None),
        ("deadline has passed, closing included", {"deadline": 595_000}, {}, DRAINED_COST),
        ("deadline has passed, still closing", {"deadline": 599_000}, {}, None),
    ],
)
def test_an_emptied_pods_cost_is_lowered_first(
    pod: Make,
    decided: Decide,
    label: str,
    drains: dict[str, int],
    census: dict[str, object],
    cost: int | None,
) -> None:
    decision = decided([pod("a"), pod("b"), pod("c", **drains)], {"a": 10, "b": 10, "c": 0}, census=census)
    assert decision.deletion_costs.get("c") == cost, label
    assert decision.plans["blue"].replicas == 3, "replicas wait until the cost is seen"


def test_replicas_go_down_when_the_order_picks_exactly_the_emptied_pod(pod: Make, decided: Decide) -> None:
    gone = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    decision = decided(
        [pod("a"), pod("b"), gone], {"a": 10, "b": 10, "c": 0}, census={"draining": frozenset("c")}
    )
    assert decision.plans["blue"].replicas == 2
    assert decision.plans["blue"].guard == "7"
    assert decision.going == ("c",)
    assert decision.reason == "Drained"


@pytest.mark.parametrize(
    "obstacle",
    [
        {"ready": False},
        {"phase": "Unknown"},
        {"phase": "Pending", "ready": False, "running_since_ms": None},
        {"scheduled": False, "phase": "Pending", "ready": False, "running_since_ms": None},
        {"deletion_cost": DRAINED_COST - 1},
        {"deletion_cost": DRAINED_COST},
    ],
    ids=["not ready", "node lost", "starting", "unscheduled", "cheaper by somebody's hand", "as cheap"],
)
def test_replicas_wait_while_another_pod_would_go_instead(
    pod: Make, decided: Decide, obstacle: dict[str, object]
) -> None:
    gone = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    young = pod("b", created_at_ms=599_000, **obstacle)
    decision = decided(
        [pod("a"), young, gone], {"a": 15, "b": 5, "c": 0}, census={"draining": frozenset("c")}
    )
    assert decision.plans["blue"].replicas == 3
    assert decision.conditions.draining.message.endswith(
        "waiting for b, which the ReplicaSet would delete first"
    )


@pytest.mark.parametrize(
    "since_ms, replicas", [(29_999, 4), (30_000, 3)], ids=["just ordered", "quota refuses it"]
)
def test_emptied_pods_wait_for_pods_that_are_being_created(
    pod: Make, decided: Decide, now: int, since_ms: int, replicas: int
) -> None:
    """A new pod goes first. One that is never created must not hold a drained one, or its quota, back."""
    gone = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    history = History(last_scale_ms=now - since_ms)
    census = {"draining": frozenset("c")}
    decision = decided(
        [pod("a"), pod("b"), gone], {"a": 20, "b": 5, "c": 0}, replicas=4, census=census, history=history
    )
    assert decision.plans["blue"].replicas == replicas


def test_of_two_that_drain_only_the_emptied_one_goes(pod: Make, decided: Decide) -> None:
    gone, busy = pod("c", deadline=LATER, deletion_cost=DRAINED_COST), pod("d", deadline=LATER)
    decision = decided(
        [pod("a"), pod("b"), gone, busy],
        {"a": 8, "b": 8, "c": 0, "d": 4},
        census={"draining": frozenset("cd")},
    )
    assert decision.plans["blue"].replicas == 3
    assert decision.going == ("c",)


def test_a_broken_pod_that_stands_before_an_emptied_one_goes_in_its_place(pod: Make, decided: Decide) -> None:
    broken = pod("b", ready=False, running_since_ms=None, waiting="CrashLoopBackOff")
    gone = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    decision = decided([pod("a"), broken, gone], {"a": 20, "c": 0}, census={"draining": frozenset("c")})
    assert [drain.uid for drain in decision.drains] == ["b"]
    assert [undrain.uid for undrain in decision.undrains] == ["c"]
    assert decision.plans["blue"].replicas == 3


def test_a_dead_pod_that_drains_counts_as_emptied(pod: Make, decided: Decide) -> None:
    dead = pod("c", deadline=LATER, running_since_ms=None, ready=False, waiting="CrashLoopBackOff")
    decision = decided([pod("a"), pod("b"), dead], {"a": 10, "b": 10})
    assert decision.deletion_costs == {"c": DRAINED_COST}


def test_a_pod_that_hangs_past_its_deadline_blocks_nobody(pod: Make, decided: Decide) -> None:
    hung = pod("c", deadline=500_000, deletion_cost=DRAINED_COST)
    decision = decided([pod("a"), pod("b"), hung], {"a": 10, "b": 10}, census={"missing": {"c": 4}})
    assert decision.plans["blue"].replicas == 2


def test_pods_that_the_replicaset_is_about_to_delete_count_no_more(pod: Make, decided: Decide) -> None:
    """Replicas were lowered, the pod is still there: lowering again would take a second one."""
    gone = pod("c", deadline=LATER, deletion_cost=DRAINED_COST)
    decision = decided(
        [pod("a"), pod("b"), gone],
        {"a": 10, "b": 10, "c": 0},
        replicas=2,
        census={"draining": frozenset("c")},
    )
    assert decision.plans["blue"].replicas == 2
    assert (decision.desired, decision.undrains, decision.drains) == (2, (), ())


def test_ended_and_terminating_pods_are_no_replicas(pod: Make, decided: Decide) -> None:
    pods = [pod("a"), pod("b"), pod("c", terminating=True), pod("d", phase="Failed", ready=False)]
    decision = decided(pods, {"a": 10, "b": 8, "c": 2}, replicas=2)
    assert (decision.desired, decision.reason) == (2, "Steady")


def test_a_half_done_drain_is_done_again_with_its_deadline(pod: Make, decided: Decide) -> None:
    half = pod("c", deadline=LATER, serving=True)
    decision = decided([pod("a"), pod("b"), half], {"a": 10, "b": 5, "c": 5})
    assert [(drain.uid, drain.deadline_ms) for drain in decision.drains if drain.uid == "c"] == [("c", LATER)]


def test_costs_left_on_a_serving_pod_are_taken_away(pod: Make, decided: Decide) -> None:
    decision = decided([pod("a", deletion_cost=DRAINING_COST), pod("b", deletion_cost=7)], {"a": 10, "b": 10})
    assert decision.deletion_costs == {"a": 0}, "a cost that somebody else has set is theirs"
