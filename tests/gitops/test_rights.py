"""The role that the games' project grants to people on call, as Argo CD's own program reads it."""

from pathlib import Path

import pytest
import yaml
from program import Program

pytestmark = [pytest.mark.gitops]
GAME, OPERATOR = "chess-games/chess", "chess-platform/chess-operator"
MAY = ["get", "sync", *(f"action/chesscluster.dev/ChessCluster/{action}" for action in ("pause", "resume"))]
MAY_NOT = ["create", "update", "delete", "override", "action/apps/Deployment/restart"]


@pytest.fixture(scope="module")
def policy(kustomize: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the project grants, in a file as `argocd admin` reads it."""
    built = kustomize("build", "manifests/argocd/prod").documents
    projects = {one["metadata"]["name"]: one["spec"] for one in built if one["kind"] == "AppProject"}
    path = tmp_path_factory.mktemp("policy") / "policy.csv"
    path.write_text("\n".join(projects["chess-games"]["roles"][0]["policies"]) + "\n")
    return path


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig: the program wants one, and asks no cluster when it has a file of policies."""
    path = tmp_path_factory.mktemp("nowhere") / "kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {"apiVersion": "v1", "kind": "Config", "current-context": "x", "users": [{"name": "x", "user": {}}],
             "clusters": [{"name": "x", "cluster": {"server": "http://127.0.0.1:1"}}],
             "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}]}
        )
    )  # fmt: skip
    return path


CASES = {
    **{(action, GAME): "Yes" for action in MAY},
    **{(action, GAME): "No" for action in MAY_NOT},
    **{(action, OPERATOR): "No" for action in MAY},
}


@pytest.mark.parametrize("action, application, answer", [(*case, answer) for case, answer in CASES.items()])
def test_on_call_may_do_exactly_this(
    argocd_program: Program, policy: Path, nowhere: Path, action: str, application: str, answer: str
) -> None:
    can = (
        "admin",
        "settings",
        "rbac",
        "can",
        "proj:chess-games:on-call",
        action,
        "applications",
        application,
    )
    answered = argocd_program(*can, "--policy-file", policy, "--kubeconfig", nowhere, good=False)
    assert answered.out.strip() == answer, answered.err
