"""Programs that users run (built on demand, kept), and a control plane for dry runs."""

from collections.abc import Iterator
from pathlib import Path

import crds
import pytest
from polling import wait_until
from program import Program

from chess_localcluster import cluster
from chess_localcluster.build import gitops_tools

ROOT = Path(__file__).resolve().parents[2]
KINDS = Path(__file__).parent / "kinds"
RESTRICTED = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]


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
    """Kubectl on a real API server of its own that knows our CRD and the foreign kinds that charts use.

    Its namespaces are restricted: pods that break the rules are refused, templates of such pods warned of.
    """
    home = tmp_path_factory.mktemp("control-plane")
    running = cluster.up(home, nodes=0)
    kubectl = Program(gitops_tools.Cache.of_user().bin / "kubectl", ("--kubeconfig", str(running.kubeconfig)))
    try:
        kubectl("apply", "--server-side", "-f", KINDS, "-f", ROOT / "manifests/crd")
        for namespace in ("chess", "chess-system", "arena"):
            kubectl("create", "namespace", namespace)
            kubectl("label", "namespace", namespace, *RESTRICTED)
        wait_until(lambda: crds.established(kubectl(*crds.LIST).out), "CRDs are established", within=120)
        yield kubectl
    finally:
        cluster.down(home)
