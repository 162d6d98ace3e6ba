"""Conditions: all are always written, each clears again, and a transition time moves only with the status."""

import pytest
from operator_cases import observed, pod

from chess_operator.decide.values import Condition, Pod
from chess_operator.report import conditions
from chess_operator.report.conditions import FOR_A_NODE, Problem

YES = Condition(status=True, reason="Yes", message="so it is")
NO = Condition(status=False, reason="No", message="so it is not")
WRONG = Problem(reason="SecretNotFound", message="Secret a/b does not exist")


def test_the_time_of_a_transition_moves_only_with_the_status() -> None:
    first = conditions.merge([], {"Ready": YES, "Paused": NO}, 1, "T1")
    again = conditions.merge(first, {"Ready": YES, "Paused": YES}, 2, "T2")
    assert [one["lastTransitionTime"] for one in again] == ["T2", "T1"]
    assert [one["type"] for one in again] == ["Paused", "Ready"]
    assert {one["observedGeneration"] for one in again} == {2}


def test_a_long_message_is_cut() -> None:
    (made,) = conditions.merge([], {"Ready": Condition(status=True, reason="X", message="m" * 9999)}, 1, "T")
    assert len(made["message"]) == conditions.MESSAGE_LIMIT


@pytest.mark.parametrize(
    "pods, desired, floor, problem, status, reason",
    [
        ((pod(),), 1, 1, None, True, "PodsReady"),
        ((pod(), pod(ready=False)), 2, 2, None, False, "PodsNotReady"),
        ((pod(), pod(ready=False)), 2, 1, None, True, "PodsReady"),
        ((), 0, 2, None, True, "PodsReady"),
        ((pod(),), 1, 1, WRONG, False, "SecretNotFound"),
        ((pod(drain_deadline_ms=9, serving=False),), 1, 1, None, False, "PodsNotReady"),
    ],
    ids=[
        "all",
        "fewer than the floor",
        "still starting, but enough",
        "none wanted",
        "a problem",
        "only draining",
    ],
)
def test_ready(
    *, pods: tuple[Pod, ...], desired: int, floor: int, problem: Problem | None, status: bool, reason: str
) -> None:
    made = conditions.not_ready(problem) if problem else conditions.ready(observed(*pods), desired, floor)
    assert (made.status, made.reason) == (status, reason)


def test_available_names_what_is_in_the_way() -> None:
    assert conditions.available(observed(pod()), 3, WRONG).status
    assert conditions.available(observed(), 0, None).status
    assert conditions.available(observed(), 1, WRONG).reason == "SecretNotFound"
    assert conditions.available(observed(), 1, None).reason == "NoPodReady"


def test_a_pod_without_a_node_is_progress_and_a_pod_without_an_image_is_trouble() -> None:
    nodeless, imageless = (
        pod("a", waiting="Unschedulable", ready=False),
        pod("b", waiting="ErrImagePull", ready=False),
    )
    words = {"a": "0/1 nodes", "b": "not found"}
    trouble = conditions.waiting_pod((nodeless, imageless), words)
    assert trouble == Problem(reason="ErrImagePull", message="pod b: ErrImagePull: not found")
    waiting = conditions.waiting_pod((nodeless, imageless), words, FOR_A_NODE)
    made = conditions.progressing(observed(nodeless), 1, waiting)
    assert (made.status, made.reason) == (True, "Unschedulable")
    assert "0/1 nodes" in made.message


def test_a_pod_that_ends_is_no_trouble_any_more() -> None:
    assert conditions.waiting_pod((pod(waiting="CrashLoopBackOff", terminating=True),), {}) is None


def test_pods_that_cannot_even_be_made() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    body = {"status": {"conditions": [failure]}}
    assert conditions.failed_replicas(body) == Problem(reason="FailedCreate", message="quota")
    assert conditions.failed_replicas({"status": {"conditions": [{**failure, "status": "False"}]}}) is None
    assert conditions.failed_replicas(None) is None
