"""The mirror keeps the newest version of everything, whoever brings it, in whatever order."""

from typing import Any

from chess_operator.api.resources.kinds import CLUSTERS, PODS
from chess_operator.api.resources.names import CLUSTER_LABEL, Key
from chess_operator.kube.mirror import Mirror

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


def test_what_is_gone_does_not_come_back_by_a_late_answer() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("a", 1))
    mirror.remove(PODS, pod("a", 3))
    assert not mirror.put(PODS, pod("a", 2))
    assert versions(mirror) == []
    assert not mirror.lacks(PODS, pod("a", 2))


def test_what_had_lost_our_labels_is_seen_again_when_it_has_them_again() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("a", 1))
    mirror.remove(PODS, pod("a", 2))
    assert mirror.put(PODS, pod("a", 3))
    assert versions(mirror) == ["3"]


def test_a_pod_that_was_put_aside_is_no_longer_there_whatever_becomes_of_it() -> None:
    """`kubectl label pod a chesscluster.dev/cluster-`: the ReplicaSet lets it go and makes another."""
    changed: list[Key] = []
    mirror = Mirror(changed.append)
    mirror.put(PODS, pod("a", 1))
    changed.clear()
    aside = pod("a", 3)
    del aside["metadata"]["labels"]
    mirror.put(PODS, aside)
    assert versions(mirror) == []
    assert changed == [KEY]
    assert not mirror.put(PODS, pod("a", 2)), "a late answer"
    mirror.remove(PODS, {"metadata": {**aside["metadata"], "resourceVersion": "4"}})
    assert versions(mirror) == []


def test_what_a_listing_lacks_is_forgotten_unless_it_is_younger_or_elsewhere() -> None:
    mirror = Mirror()
    elsewhere = pod("c", 1)
    elsewhere["metadata"]["namespace"] = "draughts"
    for body in (pod("a", 1), pod("b", 2), pod("young", 9), elsewhere):
        mirror.put(PODS, body)
    assert mirror.keep_only(PODS, "chess", {"b"}, at=5) == 1
    assert versions(mirror) == ["2", "9"]
    assert mirror.all(PODS, Key("draughts", "arena"))
    assert mirror.keep_only(PODS, None, {"b"}, at=5) == 1
    assert not mirror.all(PODS, Key("draughts", "arena"))


def test_a_cluster_is_gone_only_if_no_new_one_has_its_name() -> None:
    mirror = Mirror()
    mirror.put(CLUSTERS, cluster(1, uid="old"))
    assert not mirror.is_gone(KEY)
    mirror.remove(CLUSTERS, cluster(2, uid="old"))
    assert mirror.is_gone(KEY)
    mirror.put(CLUSTERS, cluster(3, uid="new"))
    assert not mirror.is_gone(KEY)


def test_of_two_with_one_name_the_younger_counts() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("old", 1, "x"))
    mirror.put(PODS, pod("new", 2, "x"))
    found = mirror.one(PODS, KEY, "x")
    assert found is not None
    assert found["metadata"]["uid"] == "new"


def test_own_status_writes_wake_nobody_but_changes_do() -> None:
    changed: list[Key] = []
    mirror = Mirror(changed.append)
    mirror.put(CLUSTERS, cluster(1))
    assert changed == [KEY]
    mirror.put(CLUSTERS, cluster(2))
    assert changed == [KEY]
    mirror.put(CLUSTERS, cluster(3, generation=2))
    assert changed == [KEY] * 2
    mirror.put(PODS, pod("a", 4))
    assert changed == [KEY] * 3


def test_a_mirror_of_many_pods_keeps_only_what_is_looked_at() -> None:
    mirror, made = Mirror(), pod("a", 1)
    made["metadata"]["managedFields"] = [{"manager": "kubelet"}]
    server = {"name": "server", "image": "x", "env": [{"name": "A", "value": "b"}]}
    made["spec"] = {"nodeName": "node", "containers": [server], "volumes": [{"name": "tmp"}]}
    mirror.put(PODS, made)
    (kept,) = mirror.all(PODS, KEY)
    assert "managedFields" not in kept["metadata"]
    assert kept["spec"] == {
        "nodeName": "node",
        "containers": [{"name": "server", "env": [{"name": "A", "value": "b"}]}],
    }
    assert made["spec"]["volumes"], "the watch's own body is left as it is"


def test_the_audit_sees_what_the_watch_has_missed() -> None:
    mirror = Mirror()
    mirror.put(PODS, pod("a", 5))
    assert mirror.lacks(PODS, pod("b", 1))
    assert mirror.lacks(PODS, pod("a", 6))
    assert not mirror.lacks(PODS, pod("a", 5))
