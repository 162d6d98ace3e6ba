"""`destroy` has a real Kubernetes give back what it holds in AWS before any stack goes.

The API server, its controllers and their finalizers are real (localcluster's control plane, in a home of its own); the
emulator's EKS cluster points at it.
"""

from collections.abc import Iterator
from typing import Any

import crds
import pytest
from draining_cluster import (
    DEFINITIONS,
    HOLDING,
    Controllers,
    Kubectl,
    custom,
)
from polling import wait_until

from chess_localcluster import cluster
from chess_stacks.destroy import drain, kubernetes

from .conftest import CommandLine

pytestmark = [pytest.mark.aws, pytest.mark.timeout(280)]
JSON = ("--output", "json")


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubectl]:
    home = tmp_path_factory.mktemp("drained-cluster")
    running = cluster.up(home, nodes=0)
    try:
        client = Kubectl(running.kubeconfig)
        client.apply(*DEFINITIONS)
        wait_until(lambda: crds.established(client.run(*crds.LIST)), "CRDs are established", within=120)
        yield client
    finally:
        cluster.down(home)


@pytest.fixture
def standing(chess: CommandLine, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch) -> Iterator[Controllers]:
    """Deploy dev with a Kubernetes behind its cluster that holds one of everything."""
    assert chess.run("deploy", *JSON).code == 0
    eks = chess.client("eks")
    arn = eks.describe_cluster(name="chess-dev")["cluster"]["arn"]
    eks.tag_resource(resourceArn=arn, tags={"emulator:kubeconfig": str(kubectl.kubeconfig)})
    token = kubectl.token()
    # EKS' own tokens are for EKS' own API servers.
    monkeypatch.setattr(kubernetes, "token", lambda *_: token)
    kubectl.apply(*HOLDING)
    kubectl.run("wait", "--for=jsonpath={.status.phase}=Bound", "--timeout=120s", "pvc/data-redis-0")
    described = eks.describe_cluster(name="chess-dev")["cluster"]
    assert described["endpoint"].startswith("https://127.0.0.1:")
    with Controllers(kubernetes.connect(_Clients(eks), "chess-dev", "us-east-1"), kubectl) as controllers:
        yield controllers
        controllers.still = frozenset()
        kubectl.run(
            "delete", "statefulset,deployment,ingress,gateway,nodepool,nodeclaim,pvc,pv", "--all", check=False
        )


class _Clients:
    """Hands out the one client that `connect` wants."""

    def __init__(self, eks: Any) -> None:
        self._eks = eks

    def get(self, _service: str, _region: str) -> Any:
        return self._eks


def test_what_kubernetes_holds_is_given_back_before_any_stack_goes(
    chess: CommandLine, kubectl: Kubectl, standing: Controllers
) -> None:
    gone = chess.run("destroy", "--confirm", "dev")
    assert gone.code == 0, gone.err
    assert set(chess.statuses().values()) <= {"DELETE_COMPLETE"}
    assert sorted(standing.released) == [
        "gateways default/edge",
        "ingresses default/web",
        "nodeclaims players-0a1b",
        "nodepools players",
        "persistentvolumes disk",
        "services default/web",
    ]
    drained = gone.err.index("draining persistentvolumeclaims default/data-redis-0")
    assert gone.err.index("draining statefulsets default/redis") < drained < gone.err.index("deleting")
    assert "inner" in kubectl.run("get", "services", "--output", "name"), "it holds nothing in AWS"


def test_argo_cd_does_not_put_back_what_is_drained(
    chess: CommandLine, kubectl: Kubectl, standing: Controllers
) -> None:
    application = custom("argoproj.io/v1alpha1", "Application", "chess", namespaced=True)
    application["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]
    kubectl.apply(application)
    gone = chess.run("destroy", *JSON, "--confirm", "dev")
    assert gone.code == 0, gone.err
    assert "ingresses default/web" in standing.released
    assert standing.put_back == 0
    assert kubectl.run("get", "applications.argoproj.io", "--output", "name") == ""


def test_nothing_is_deleted_in_aws_while_kubernetes_holds_on(
    chess: CommandLine, standing: Controllers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "_TURNS", 8)
    standing.still = frozenset({"ingresses"})
    refused = chess.run("destroy", *JSON, "--confirm", "dev")
    assert refused.code == 3
    assert "ingresses default/web" in refused.document["error"]
    assert "no stack was touched" in refused.document["advice"]
    assert set(chess.statuses().values()) == {"CREATE_COMPLETE"}


def test_a_missing_right_to_delete_is_reported(
    chess: CommandLine, kubectl: Kubectl, standing: Controllers, monkeypatch: pytest.MonkeyPatch
) -> None:
    kubectl.run("create", "serviceaccount", "onlooker", check=False)
    onlooker = kubectl.run("create", "token", "onlooker").strip()
    monkeypatch.setattr(kubernetes, "token", lambda *_: onlooker)
    refused = chess.run("destroy", *JSON, "--confirm", "dev")
    assert refused.code == 3
    assert "Kubernetes answered 403 to GET" in refused.document["error"]
    assert set(chess.statuses().values()) == {"CREATE_COMPLETE"}
    assert standing.released == []
