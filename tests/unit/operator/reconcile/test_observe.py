"""From Kubernetes' objects to our values."""

from typing import Any

import pytest

from chess_operator.api.resources.kinds import DEPLOYMENTS, PODS
from chess_operator.api.resources.names import Key
from chess_operator.kube.mirror import Mirror
from chess_operator.reconcile.observe import (
    epoch_ms,
    expected_of,
    leftover,
    observe,
    pod_of,
    pods_of,
    waiting_message,
    waiting_messages,
    workload_of,
)

NOW = "2026-11-21T10:00:00Z"


def pod(*, status: dict[str, Any] | None = None, **meta: Any) -> dict[str, Any]:
    base = {
        "uid": "u",
        "name": "arena-blue-1",
        "namespace": "n",
        "resourceVersion": "7",
        "creationTimestamp": NOW,
    }
    labels = {"chesscluster.dev/colour": "blue", "chesscluster.dev/serving": "true"}
    return {
        "metadata": {**base, "labels": labels, **meta},
        "spec": {"nodeName": "node"},
        "status": status or {},
    }


def running(**more: Any) -> dict[str, Any]:
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": NOW}],
        "containerStatuses": [
            {"name": "server", "restartCount": 2, "state": {"running": {"startedAt": NOW}}}
        ],
        **more,
    }


def test_a_running_pod() -> None:
    made = pod_of(pod(status=running()), "blue")
    assert (made.phase, made.ready, made.scheduled, made.serving, made.restarts) == (
        "Running",
        True,
        True,
        True,
        2,
    )
    assert made.running_since_ms == epoch_ms(NOW)
    assert (made.draining, made.deletion_cost, made.waiting) == (False, 0, None)
    assert [one.uid for one in expected_of([made])] == ["u"]


def test_a_draining_pod() -> None:
    notes = {"chesscluster.dev/drain-deadline": "99", "controller.kubernetes.io/pod-deletion-cost": "-5"}
    made = pod_of(
        pod(status=running(), labels={"chesscluster.dev/colour": "blue"}, annotations=notes), "blue"
    )
    assert (made.serving, made.drain_deadline_ms, made.deletion_cost) == (False, 99, -5)


def test_notes_that_somebody_else_wrote_badly_do_not_stop_us() -> None:
    notes = {"chesscluster.dev/drain-deadline": "soon", "controller.kubernetes.io/pod-deletion-cost": ""}
    made = pod_of(pod(annotations=notes), "blue")
    assert (made.drain_deadline_ms, made.deletion_cost) == (None, 0)


@pytest.mark.parametrize(
    "status, reason, words",
    [
        pytest.param(
            {
                "containerStatuses": [
                    {
                        "name": "server",
                        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no image"}},
                    }
                ]
            },
            "ImagePullBackOff",
            "no image",
            id="no image",
        ),
        pytest.param(
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/1 nodes",
                    }
                ]
            },
            "Unschedulable",
            "0/1 nodes",
            id="no node",
        ),
        pytest.param({}, None, "", id="just made"),
        pytest.param(
            {"containerStatuses": [{"name": "sidecar", "state": {"waiting": {"reason": "X"}}}]},
            None,
            "",
            id="another container's",
        ),
    ],
)
def test_why_a_pod_waits(status: dict[str, Any], reason: str | None, words: str) -> None:
    body = pod(status=status)
    assert pod_of(body, "blue").waiting == reason
    assert waiting_message(body) == words
    assert not expected_of([pod_of(body, "blue")])


def test_messages_are_found_by_pod() -> None:
    mirror = mirrored("now")
    assert waiting_messages(mirror, Key("n", "arena")) == {"u": ""}


def test_a_terminating_pod_owes_no_heartbeat() -> None:
    assert not expected_of([pod_of(pod(status=running(), deletionTimestamp=NOW), "blue")])


def test_a_pod_of_no_known_colour_is_none_of_ours() -> None:
    assert not list(pods_of([pod(labels={"chesscluster.dev/colour": "red"})]))


def test_the_revision_is_that_of_the_template() -> None:
    template = {"metadata": {"annotations": {"chesscluster.dev/revision": "abc"}}}
    body = {"metadata": {"resourceVersion": "3"}, "spec": {"replicas": 0, "template": template}}
    made = workload_of(body, "blue")
    assert (made.revision, made.replicas, made.resource_version) == ("abc", 0, "3")


@pytest.mark.parametrize(
    "generation, status, how",
    [
        (1, {}, set()),
        (1, {"observedGeneration": 1}, {"observed"}),
        (2, {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3}, set()),
        (2, {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3}, {"observed"}),
        (2, {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1}, {"observed", "rolling"}),
        (2, {"observedGeneration": 2, "replicas": 3}, {"observed", "rolling"}),
    ],
    ids=["just made", "no pods yet", "changed", "at rest", "rolling", "about to roll"],
)
def test_how_far_a_deployment_is(generation: int, status: dict[str, Any], how: set[str]) -> None:
    meta = {"resourceVersion": "3", "generation": generation}
    made = workload_of({"metadata": meta, "spec": {"replicas": 3, "template": {}}, "status": status}, "blue")
    assert {what for what in ("observed", "rolling") if getattr(made, what)} == how


def mirrored(uid: str) -> Mirror:
    """A Deployment and a pod that were made for a ChessCluster of this uid."""
    spec = {"containers": [{"name": "server", "env": [{"name": "CHESS_CLUSTER_UID", "value": uid}]}]}
    own = {"chesscluster.dev/cluster": "arena", "chesscluster.dev/colour": "blue"}
    mirror, made = Mirror(), pod(labels=own)
    meta = {"uid": "d", "name": "arena-blue", "namespace": "n", "resourceVersion": "5", "labels": own}
    mirror.put(PODS, {**made, "spec": spec})
    mirror.put(DEPLOYMENTS, {"metadata": meta, "spec": {"template": {"spec": spec}}})
    return mirror


@pytest.mark.parametrize("uid, ours", [("now", 1), ("before", 0)])
def test_what_an_earlier_cluster_of_the_name_has_left_is_not_ours(uid: str, ours: int) -> None:
    mirror = mirrored(uid)
    cluster = {"metadata": {"name": "arena", "namespace": "n", "uid": "now"}}
    assert (leftover(mirror, Key("n", "arena"), "now") is None) == bool(ours)
    assert len(observe(mirror, cluster, "r").pods) == ours
