"""On somebody's cluster a run makes what is missing, removes what it made, and touches nothing else.

The API server is a real one; no pod runs.
"""

import copy
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from polling import eventually

from chess_bench.cluster import installation, ownership
from chess_bench.cluster.kubectl import Kubectl
from chess_bench.cluster.objects import LABEL
from chess_bench.cluster.ownership import State
from chess_bench.cluster.targets import StoreUrls, Target, TargetError
from chess_localcluster import cluster
from chess_localcluster.paths import Cache

pytestmark = pytest.mark.integration

IMAGE = "registry.example/chesscluster:1"
KINDS = (
    "crd,namespace,clusterrole,clusterrolebinding,role,rolebinding,serviceaccount,deployment,lease,configmap"
)
NOWHERE = StoreUrls(redis="", database="", redis_from_here="", database_from_here="")
HELM = {"meta.helm.sh/release-name": "chess", "meta.helm.sh/release-namespace": "games"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    home = tmp_path_factory.mktemp("installation-cluster")
    running = cluster.up(home, nodes=0)
    program = str(Cache.of_user().bin / "kubectl")
    try:
        yield Kubectl(program=program, options=("--kubeconfig", str(running.kubeconfig)))
    finally:
        cluster.down(home)


@pytest.fixture
async def target(api: Kubectl) -> AsyncIterator[Target]:
    yield Target(kubectl=api, image=IMAGE, stores=NOWHERE, local=False)
    for namespace in ("chess-system", "games"):
        await api.run(
            "delete", "namespace", namespace, "--ignore-not-found", "--timeout=60s", timeout_seconds=65
        )
    await api.run("delete", "clusterrole,clusterrolebinding", "-l", "app.kubernetes.io/name=chess-operator")
    await api.run("delete", "crd", installation.CRD, "--ignore-not-found", "--timeout=50s")


def manifests(*folders: str) -> dict[str, dict[str, Any]]:
    """Return CRD or operator by kind."""
    found = installation.manifests(*(folders or ("operator",)), image=IMAGE)
    return {item["kind"]: copy.deepcopy(item) for item in found}


async def held(api: Kubectl) -> dict[ownership.Key, str]:
    """Return every object that could be touched, with its version; not the roles that sum up others."""
    found = json.loads(await api.run("get", KINDS, "-A", "-o", "json"))["items"]
    return {
        ownership.key(item): item["metadata"]["resourceVersion"]
        for item in found
        if item["metadata"]["name"] != "kube-root-ca.crt" and not item["metadata"]["name"].startswith("system:")
        and item["metadata"].get("namespace") != "kube-system" and "aggregationRule" not in item
    }  # fmt: skip


async def run_through(target: Target) -> list[str]:
    """Do what a run does, but for what needs a node."""
    found = await installation.survey(target)
    await installation.install(target.kubectl, found)
    return await installation.uninstall(target.kubectl, found)


async def test_an_empty_cluster_is_empty_again(target: Target, api: Kubectl) -> None:
    before = await held(api)
    found = await installation.survey(target)
    await installation.install(api, found)
    for item in found.applied:
        kind, namespace, name = ownership.key(item)
        place = ("-n", namespace) if namespace else ()
        there = json.loads(await api.run(*place, "get", kind, name, "-o", "json"))
        assert there["metadata"]["labels"][LABEL] == "true"
    assert await installation.uninstall(api, found) == []
    assert await held(api) == before


async def test_a_release_in_another_namespace_is_refused_by_name_and_left_as_it_is(
    target: Target, api: Kubectl
) -> None:
    theirs = [*manifests("crd").values(), *manifests().values()]
    for item in theirs:
        item["metadata"]["annotations"] = {**item["metadata"].get("annotations", {}), **HELM}
        if item["metadata"].get("namespace") or item["kind"] == "Namespace":
            item["metadata"]["namespace" if item["kind"] != "Namespace" else "name"] = "games"
        for subject in item.get("subjects", []):
            subject["namespace"] = "games"
    await api.apply(*(item for item in theirs if item["kind"] in {"Namespace", "CustomResourceDefinition"}))
    await api.apply(*theirs)
    await eventually(lambda: _settled(api), "their objects are at rest", within=60)
    before = await held(api)
    with pytest.raises(TargetError) as refused:
        await installation.survey(target)
    message = str(refused.value)
    assert "ClusterRoleBinding chess-operator (of the Helm release chess in games)" in message
    assert "Deployment games/chess-operator (of the Helm release chess in games)" in message
    assert "\n" not in message
    assert await held(api) == before


async def _settled(api: Kubectl) -> bool:
    """The controllers have written their first status, after which nothing changes by itself."""
    found = json.loads(await api.run("-n", "games", "get", "deployment", "chess-operator", "-o", "json"))
    return bool(found.get("status", {}).get("observedGeneration")) and await held(api) == await held(api)


async def test_an_operator_of_the_users_serves_as_it_is_and_stays(target: Target, api: Kubectl) -> None:
    theirs = [*manifests("crd").values(), *manifests().values()]
    theirs[-1]["metadata"].setdefault("labels", {})["team"] = "games"
    await api.apply(*(item for item in theirs if item["kind"] in {"Namespace", "CustomResourceDefinition"}))
    await api.apply(*theirs)
    found = await installation.survey(target)
    assert found.theirs
    assert (found.applied, found.made) == ((), ())
    before = {key for key in await held(api) if key[0] != "Lease"}
    assert await run_through(target) == []
    assert {key for key in await held(api) if key[0] != "Lease"} == before


async def test_an_operator_without_its_crd_is_refused(target: Target, api: Kubectl) -> None:
    await api.apply(manifests()["Namespace"])
    await api.apply(*manifests().values())
    with pytest.raises(
        TargetError, match=r"^Deployment chess-system/chess-operator is not of this demo, and its CRD"
    ):
        await installation.survey(target)


async def test_what_was_there_and_good_stays_and_what_was_made_goes(target: Target, api: Kubectl) -> None:
    crd = manifests("crd")["CustomResourceDefinition"]
    crd["metadata"]["annotations"] = {**crd["metadata"].get("annotations", {}), **HELM}
    await api.apply(crd, manifests()["Namespace"])
    await api.run("-n", "chess-system", "create", "configmap", "of-the-user")
    await installation.established(api)
    before = await held(api)
    found = await installation.survey(target)
    states = {item["kind"]: state for item, state in found.wanted}
    assert states["CustomResourceDefinition"] is states["Namespace"] is State.SAME
    assert states["Deployment"] is states["ClusterRole"] is State.ABSENT
    await installation.install(api, found)
    await api.apply(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "chess-operator", "namespace": "chess-system"},
            "spec": {},
        }
    )  # as the operator does
    await installation.uninstall(api, found)
    assert await held(api) == before


async def test_an_older_crd_is_refused_by_name(target: Target, api: Kubectl) -> None:
    crd = manifests("crd")["CustomResourceDefinition"]
    crd["spec"]["names"]["shortNames"] = ["old"]
    await api.apply(crd)
    with pytest.raises(TargetError, match=f"in its way: CustomResourceDefinition {installation.CRD};"):
        await installation.survey(target)
    assert "old" in await api.run("get", "crd", installation.CRD, "-o", "jsonpath={.spec.names.shortNames}")


async def test_what_an_earlier_run_left_is_used_and_is_not_this_runs_to_remove(
    target: Target, api: Kubectl
) -> None:
    await installation.install(api, await installation.survey(target))
    left = set(await held(api))
    found = await installation.survey(target)
    assert {state for _, state in found.wanted[:-1]} == {State.OURS}
    await run_through(target)
    assert set(await held(api)) == left


async def test_a_crd_that_others_use_by_now_stays(target: Target, api: Kubectl) -> None:
    found = await installation.survey(target)
    await installation.install(api, found)
    await api.run("create", "namespace", "games")
    sample = Path(__file__).parents[4] / "manifests" / "samples" / "smallest.yaml"
    await api.run("-n", "games", "apply", "-f", str(sample))
    assert await installation.uninstall(api, found) == ["games"]
    await api.run("-n", "chess-system", "get", "deployment", "chess-operator")
    await api.run("-n", "games", "delete", "chessclusters", "--all")
