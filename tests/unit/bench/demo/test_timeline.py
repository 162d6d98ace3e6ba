"""Watch events become scale-outs with their reaction, and scale-ins with what the pod held."""

from typing import Any

import pytest

from chess_bench.demo.steps import Steps
from chess_bench.demo.timeline import FRESH_SECONDS, LAG_SECONDS, Timeline
from chess_presence.records import Heartbeat


def deployment(replicas: int, ready: int = 0) -> dict[str, Any]:
    return {"spec": {"replicas": replicas}, "status": {"readyReplicas": ready}}


def pod(name: str, *, marked: bool = False, going: bool = False) -> dict[str, Any]:
    metadata: dict[str, Any] = {"uid": f"uid-{name}", "name": name, "annotations": {}}
    if marked:
        metadata["annotations"]["chesscluster.dev/drain-deadline"] = "1"
    if going:
        metadata["deletionTimestamp"] = "now"
    return {"metadata": metadata, "status": {"containerStatuses": [{"restartCount": 0}]}}


def beat(name: str, connections: int, games: int) -> Heartbeat:
    return Heartbeat(uid=f"uid-{name}", connections=connections, games=games)


def timeline() -> Timeline:
    return Timeline(steps=Steps(wanted=lambda connections: connections))


def test_only_a_rise_is_a_scale_out() -> None:
    seen = timeline()
    for now, replicas in enumerate([2, 2, 4, 3, 5]):
        seen.steps.connections(now - 0.25, replicas)
        seen.deployment(float(now), deployment(replicas))
    assert [(out.before, out.after, out.reaction_seconds) for out in seen.scale_outs] == [
        (2, 4, 0.25),
        (3, 5, 0.25),
    ]
    assert [point.replicas for point in seen.curve] == [2, 4, 3, 5]


def test_a_scale_in_keeps_what_the_pod_held_when_chosen_and_when_deleted() -> None:
    seen = timeline()
    seen.pod(1.0, "ADDED", pod("a"))
    seen.presence(1.5, [beat("a", 50, 42)])
    seen.pod(2.0, "MODIFIED", pod("a", marked=True))
    seen.presence(4.0, [beat("a", 0, 0)])
    seen.pod(5.0, "MODIFIED", pod("a", marked=True, going=True))
    seen.pod(6.0, "DELETED", pod("a", marked=True, going=True))
    (scale_in,) = seen.scale_ins.values()
    assert (scale_in.connections_when_marked, scale_in.games_when_marked) == (50, 42)
    assert (scale_in.connections_when_deleted, scale_in.games_when_deleted) == (0, 0)
    assert (scale_in.marked_at, scale_in.deleted_at) == (2.0, 5.0)
    assert seen.unmarked_deletions == []


@pytest.mark.parametrize(
    "read_after, left",
    [
        pytest.param(LAG_SECONDS, 0, id="written-before-and-read-late"),
        pytest.param(LAG_SECONDS + 0.1, 1, id="written-after-it"),
    ],
)
def test_a_heartbeat_that_is_read_just_after_the_deletion_was_written_before_it(
    read_after: float, left: int
) -> None:
    seen = timeline()
    seen.pod(1.0, "ADDED", pod("a"))
    seen.presence(1.5, [beat("a", 1, 1)])
    seen.pod(2.0, "MODIFIED", pod("a", marked=True))
    seen.pod(5.0, "MODIFIED", pod("a", marked=True, going=True))
    seen.counted(5.0 + read_after, "uid-a", 0)
    (scale_in,) = seen.scale_ins.values()
    assert (scale_in.connections_when_deleted, scale_in.games_when_deleted) == (left, left)


def test_counts_of_a_pod_whose_heartbeat_was_never_read_say_nothing() -> None:
    seen = timeline()
    seen.pod(1.0, "ADDED", pod("a"))
    seen.counted(1.5, "uid-a", 3)
    assert seen.census is None


def test_a_cancelled_drain_does_not_count_as_a_scale_in() -> None:
    seen = timeline()
    seen.pod(1.0, "ADDED", pod("a", marked=True))
    assert seen.draining == 1
    seen.pod(2.0, "MODIFIED", pod("a"))
    assert seen.draining == 0
    assert [one.undrained for one in seen.scale_ins.values()] == [True]


def test_a_pod_deleted_without_a_drain_is_reported() -> None:
    seen = timeline()
    seen.pod(1.0, "ADDED", pod("a"))
    seen.pod(2.0, "MODIFIED", pod("a", going=True))
    seen.pod(3.0, "DELETED", pod("a", going=True))
    assert seen.unmarked_deletions == ["a"]


def test_what_a_pod_holds_is_unknown_without_a_recent_heartbeat() -> None:
    seen = timeline()
    seen.pod(1.0, "ADDED", pod("a", marked=True))
    seen.pod(1.0, "ADDED", pod("b"))
    seen.presence(2.0, [beat("b", 3, 1)])
    seen.pod(2.0 + FRESH_SECONDS + 1, "MODIFIED", pod("b", marked=True))
    held = [(one.connections_when_marked, one.games_when_marked) for one in seen.scale_ins.values()]
    assert held == [(None, None), (None, None)]


def test_the_census_is_unknown_until_each_pod_has_reported() -> None:
    seen = timeline()
    assert seen.census is None
    seen.pod(1.0, "ADDED", pod("a"))
    seen.pod(1.0, "ADDED", pod("b"))
    seen.presence(1.5, [beat("a", 3, 2), beat("unknown", 7, 7)])
    assert seen.census is None
    seen.presence(2.0, [beat("b", 0, 0)])
    assert seen.census == 3


def test_a_ready_pod_without_any_heartbeat_is_silent() -> None:
    seen = timeline()
    ready = pod("a")
    ready["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
    seen.pod(1.0, "ADDED", pod("b"))
    seen.pod(1.0, "ADDED", ready)
    assert seen.silent == ["a"]
    seen.presence(2.0, [beat("a", 0, 0)])
    assert seen.silent == []


def test_a_pod_that_is_gone_when_a_watch_begins_again_was_deleted() -> None:
    seen = timeline()
    for name in ("a", "b", "c"):
        seen.pod(1.0, "ADDED", pod(name))
    seen.presence(1.5, [beat("a", 0, 0)])
    seen.pod(2.0, "MODIFIED", pod("a", marked=True))
    seen.listed(3.0, [pod("c")])
    assert list(seen.pods.values()) == ["c"]
    assert seen.scale_ins["uid-a"].deleted_at == 3.0
    assert seen.unmarked_deletions == ["b"]
    assert seen.draining == 0


def test_only_restarts_during_the_run_count_for_the_operator() -> None:
    def operator(restarts: int) -> dict[str, Any]:
        return pod("operator") | {"status": {"containerStatuses": [{"restartCount": restarts}]}}

    seen = timeline()
    seen.operator("ADDED", operator(4))
    (found,) = seen.operators.values()
    assert (found.name, found.restarts) == ("operator", 0)
    seen.operator("MODIFIED", operator(6))
    seen.operator("DELETED", operator(6))
    (found,) = seen.operators.values()
    assert found.restarts == 2
