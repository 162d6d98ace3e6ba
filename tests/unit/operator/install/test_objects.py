"""The generated installation: no drift, and no more rights than the requests need."""

from pathlib import Path

import pytest

from chess_operator.install.__main__ import generate, main
from chess_operator.install.objects import installation
from chess_operator.install.rights import rules

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize("path", sorted(generate()), ids=str)
def test_what_is_committed_is_what_is_generated(path: Path) -> None:
    assert (ROOT / path).read_text() == generate()[path], "run `make manifests`"


def test_check_finds_a_stale_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert main(["--what"]) == 2


@pytest.mark.parametrize("scope", ["cluster", "namespace"])
def test_secrets_are_only_read_one_by_one(scope: str) -> None:
    granted = {
        (resource, verb)
        for rule in rules("cluster" if scope == "cluster" else "namespace")
        for resource in rule.resources or []
        for verb in rule.verbs
    }
    assert {verb for resource, verb in granted if resource == "secrets"} == {"get", "create"}
    assert not {resource for resource, verb in granted if verb == "delete"} - {"networkpolicies"}
    assert "*" not in {part for pair in granted for part in pair}


def test_without_rights_on_the_cluster_nothing_is_cluster_wide() -> None:
    kinds = {body["kind"] for body in installation(("chess",))}
    assert not kinds & {"ClusterRole", "ClusterRoleBinding"}
    deployment = next(body for body in installation(("chess",)) if body["kind"] == "Deployment")
    assert "--namespace=chess" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]


def test_the_operator_is_restricted_and_listens_widely_by_flag_only() -> None:
    deployment = next(body for body in installation() if body["kind"] == "Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert "--probe-address=[::]:8081" in container["args"]
    assert deployment["spec"]["replicas"] == 2


def test_kubernetes_own_roles_hold_the_rights_on_chessclusters() -> None:
    made = {body["metadata"]["name"]: body for body in installation() if body["kind"] == "ClusterRole"}
    into = {
        name: sorted(
            key.partition("aggregate-to-")[2]
            for key in made[name]["metadata"]["labels"]
            if "aggregate-to" in key
        )
        for name in ("chess-operator-view", "chess-operator-edit")
    }
    assert into == {
        "chess-operator-view": ["admin", "edit", "view"],
        "chess-operator-edit": ["admin", "edit"],
    }
    seen = {verb for rule in made["chess-operator-view"]["rules"] for verb in rule["verbs"]}
    assert seen == {"get", "list", "watch"}
    named = {one for body in made.values() for rule in body["rules"] for one in rule["resources"]}
    assert named >= {"chessclusters", "chessclusters/scale"}


def test_only_an_operator_of_some_namespaces_claims_them() -> None:
    for scope, verbs in (("cluster", {"get"}), ("namespace", {"create", "get", "update"})):
        found = rules("cluster" if scope == "cluster" else "namespace")
        assert {verb for rule in found if rule.resources == ["leases"] for verb in rule.verbs} == verbs
