"""Helm installs the charts in a real API server: beside what an earlier release left, and beside each other."""

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from chart_values import flags
from program import Program

pytestmark = [pytest.mark.gitops]
ROOT = Path(__file__).resolve().parents[2]
CRD = "chessclusters.chesscluster.dev"


@pytest.fixture
def users_helm(helm: Program, api: Program) -> Program:
    return Program(helm.path, api.options)


@pytest.fixture
def namespaces(api: Program, users_helm: Program) -> Iterator[tuple[str, str]]:
    """Two namespaces, whose releases are gone at the end."""
    run = uuid.uuid4().hex[:6]
    names = (f"first-{run}", f"second-{run}")
    for name in names:
        api("create", "namespace", name)
    yield names
    for name in names:
        for release in json.loads(users_helm("list", "-n", name, "-o", "json").out):
            users_helm("uninstall", release["name"], "-n", name, "--no-hooks")
        api("delete", "namespace", name, "--wait=false")


def _operator(name: str, namespace: str, *settings: str) -> list[str]:
    return ["install", name, "charts/chess-operator", "-n", namespace, *flags(*settings)]


@pytest.fixture
def unowned(api: Program) -> Iterator[None]:
    """The CRD as another test needs it at the end: nobody's. It is the first release's in between."""
    marks = ("meta.helm.sh/release-name", "meta.helm.sh/release-namespace", "helm.sh/resource-policy")
    yield
    api("annotate", "crd", CRD, *(f"{mark}-" for mark in marks))


def test_a_crd_that_stayed_is_taken_over_by_another_release(
    users_helm: Program, api: Program, namespaces: tuple[str, str], unowned: None
) -> None:
    first, second = namespaces
    users_helm(*_operator("one", first), "--take-ownership")
    users_helm("uninstall", "one", "-n", first)
    refused = users_helm(*_operator("two", second), good=False)
    assert "invalid ownership metadata" in refused.err
    users_helm(*_operator("two", second), "--take-ownership")
    users_helm("upgrade", "two", "charts/chess-operator", "-n", second, *flags("replicas=1"))
    held = json.loads(api("get", "crd", CRD, "-o", "json").out)["metadata"]["annotations"]
    assert (held["meta.helm.sh/release-name"], held["helm.sh/resource-policy"]) == ("two", "keep")


@pytest.mark.parametrize("scope", ["rbac.scope=cluster", "rbac.scope=namespaced,rbac.namespaces={arena}"])
def test_two_releases_share_a_cluster_and_a_namespace(
    users_helm: Program, api: Program, namespaces: tuple[str, str], scope: str
) -> None:
    first, second = namespaces
    bare = "crds.enabled=false"
    users_helm(*_operator("chess-operator", first, bare))
    users_helm(*_operator("games", first, bare, scope, "rbac.aggregateClusterRoles=false"))
    users_helm(*_operator("games", second, bare, scope, "fullnameOverride=other"))
    selectors = [
        tuple(one["spec"]["selector"]["matchLabels"].items())
        for one in json.loads(api("get", "deployments", "-n", first, "-o", "json").out)["items"]
    ]
    assert len(set(selectors)) == 2, "each selects its own pods"


@pytest.mark.parametrize("chart", ["chess-operator", "chess-cluster"])
def test_the_install_command_of_the_chart_s_page_works(
    users_helm: Program, api: Program, namespaces: tuple[str, str], chart: str
) -> None:
    name, _ = namespaces
    page = (ROOT / f"charts/{chart}/README.md").read_text()
    [line] = re.findall(r"^helm (install .*)$", page, re.MULTILINE)
    words = re.sub(r"--namespace \S+", f"--namespace {name}", line).replace(
        "REPOSITORY", "registry.example/chess"
    )
    users_helm(*words.split(), "--dry-run=server", "--take-ownership")


def test_a_new_namespace_without_labels_is_noticed(
    users_helm: Program, api: Program, namespaces: tuple[str, str]
) -> None:
    name, _ = namespaces
    tried = [*_operator("chess-operator", name, "crds.enabled=false"), "--dry-run=server"]
    word = f"kubectl label namespace {name} pod-security.kubernetes.io/enforce=restricted"
    assert word in users_helm(*tried).out
    api("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    assert word not in users_helm(*tried).out


def test_a_namespace_behind_a_load_balancer_without_readiness_gates_is_noticed(
    users_helm: Program, api: Program, namespaces: tuple[str, str]
) -> None:
    name, _ = namespaces
    label = "elbv2.k8s.aws/pod-readiness-gate-inject=enabled"
    tried = ["install", "chess", "charts/chess-cluster", "-n", name, "--dry-run=server"]
    assert label not in users_helm(*tried, *flags()).out
    assert label in users_helm(*tried, *flags("ingress.enabled=true")).out
    api("label", "namespace", name, label)
    assert label not in users_helm(*tried, *flags("ingress.enabled=true")).out


def test_a_trial_keeps_its_password(users_helm: Program, api: Program, namespaces: tuple[str, str]) -> None:
    name, _ = namespaces
    chart = ("chess", "charts/chess-cluster", "-n", name, "--no-hooks", *flags("trial.redis.enabled=true"))
    users_helm("install", *chart)
    before = api("get", "secret", "chess-redis", "-n", name, "-o", "jsonpath={.data.url}").out
    users_helm("upgrade", *chart)
    assert before
    assert api("get", "secret", "chess-redis", "-n", name, "-o", "jsonpath={.data.url}").out == before
