"""Programs that users run (built on demand, kept), a control plane for dry runs, and the world with Argo CD."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from chess_bench import targets
from chess_bench.gitops.program import Program
from chess_bench.gitops.world import World
from chess_localcluster import cluster, gitops_tools
from chess_localcluster.argocd import run as argocd
from chess_localcluster.progress import Silent

ROOT = Path(__file__).resolve().parents[2]
KINDS = Path(__file__).parent / "kinds"


@pytest.fixture(scope="session")
def helm() -> Program:
    return Program(gitops_tools.ensure(gitops_tools.HELM) / "helm")


@pytest.fixture(scope="session")
def kustomize() -> Program:
    return Program(gitops_tools.ensure(gitops_tools.KUSTOMIZE) / "kustomize")


@pytest.fixture(scope="session")
def argocd_program() -> Program:
    return Program(gitops_tools.ensure(gitops_tools.ARGOCD) / "argocd")


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Kubectl on a real API server of its own that knows our CRD and the foreign kinds that charts use."""
    home = tmp_path_factory.mktemp("control-plane")
    running = cluster.up(home, nodes=0)
    kubectl = Program(gitops_tools.Cache.of_user().bin / "kubectl", ("--kubeconfig", str(running.kubeconfig)))
    try:
        kubectl("apply", "--server-side", "-f", KINDS, "-f", ROOT / "manifests/crd")
        for namespace in ("chess", "chess-system"):
            kubectl("create", "namespace", namespace)
        kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        yield kubectl
    finally:
        cluster.down(home)


@pytest.fixture(scope="session")
def node() -> Program:
    """Kubectl on the local cluster with its node, with the image of the present code on it."""
    cluster.up(None, nodes=1)
    asyncio.run(targets.localcluster("image", "build", str(ROOT)))
    kubectl = targets.local_kubectl()
    return Program(Path(kubectl.program), kubectl.options)


@pytest.fixture(scope="session")
def world(node: Program, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The service, brought by Git alone into a cluster that had nothing of it."""
    argocd.down()
    made = World.begin(Silent(), tmp_path_factory.mktemp("gitops"))
    asyncio.run(made.clear())
    made.push("The project")
    asyncio.run(made.bootstrap())
    yield made
    asyncio.run(made.clear())
    node("delete", "namespace", "argocd", "--ignore-not-found", "--timeout=60s")
    argocd.down()
