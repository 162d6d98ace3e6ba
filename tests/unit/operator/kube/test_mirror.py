"""The mirror keeps the newest version of everything, whoever brings it, in whatever order."""

from typing import Any

from chess_operator.kube.kinds import CLUSTERS, PODS
from chess_operator.kube.mirror import CLUSTER_LABEL, Key, Mirror

KEY = Key("chess", "arena")


def pod(uid: str, version: int, name: str = "") -> dict[str, Any]:
    meta = {"uid": uid, "name": name or uid, "namespace": "chess", "resourceVersion": str(version)}
    return {"metadata": {**meta, "labels": {CLUSTER_LABEL: "arena"}}}


def cluster(version: int, **meta: Any) -> dict[str, Any]:
    base = {
        "uid": "c",
        "name": "arena",
        "namespace": "chess",
        "resourceVersion": str(version),
        "generation": 1,
    }
    return {"metadata": {**base, **meta}}


def versions(mirror: Mirror) -> list[str]:
    return [body["metadata"]["resourceVersion"] for body in mirror.all(PODS, KEY)]


def test_a_late_watch_event_does_not_undo_what_a_write_answered() -> None:
    mirror = Mirror()
    assert mirror.put(PODS, pod("a", 10))
    assert not mirror.put(PODS, pod("a", 9))
    assert versions(mirror) == ["10"]


def test_versions_are_compared_as_numbers() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("a", 9))
    assert mirror.put(PODS, pod("a", 10))


def test_what_is_gone_does_not_come_back() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("a", 1))
    mirror.remove(PODS, pod("a", 2))
    assert not mirror.put(PODS, pod("a", 3))
    assert versions(mirror) == []
    assert not mirror.lacks(PODS, pod("a", 3))


def test_of_two_with_one_name_the_younger_counts() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("old", 1, "x"))
    mirror.put(PODS, pod("new", 2, "x"))
    found = mirror.one(PODS, KEY, "x")
    assert found is not None
    assert found["metadata"]["uid"] == "new"


async def test_own_status_writes_wake_nobody_but_changes_do() -> None:
    mirror = Mirror()
    waker = mirror.waker(KEY)
    mirror.put(CLUSTERS, cluster(1))
    assert waker.is_set()
    waker.clear()
    mirror.put(CLUSTERS, cluster(2))
    assert not waker.is_set()
    mirror.put(CLUSTERS, cluster(3, generation=2))
    assert waker.is_set()
    waker.clear()
    mirror.put(PODS, pod("a", 4))
    assert waker.is_set()


def test_the_audit_sees_what_the_watch_has_missed() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("a", 5))
    assert mirror.lacks(PODS, pod("b", 1))
    assert mirror.lacks(PODS, pod("a", 6))
    assert not mirror.lacks(PODS, pod("a", 5))
