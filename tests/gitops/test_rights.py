"""What people on call may do, as Argo CD's own program reads it, and which CRD a push may bring."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from program import Ended, Program

pytestmark = [pytest.mark.gitops]
ROOT = Path(__file__).resolve().parents[2]
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


TRACKED = "chess-operator:apiextensions.k8s.io/CustomResourceDefinition:chess-system/x"


def test_the_operator_s_application_brings_one_crd_and_no_conversion(api: Program) -> None:
    api("apply", "--server-side", "-k", "manifests/argocd/bounds")
    ours = yaml.safe_load((ROOT / "manifests/crd/chessclusters.yaml").read_text())
    other = yaml.safe_load((ROOT / "tests/gitops/kinds/httproutes.yaml").read_text())
    hook = {"url": "https://127.0.0.1:1/convert"}
    conversion = {
        "strategy": "Webhook",
        "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": hook},
    }
    converted = {**ours, "spec": {**ours["spec"], "conversion": conversion}}
    assert "not httproutes.gateway.networking.k8s.io" in _refusal(api, other)
    assert "must have no conversion webhook" in _refusal(api, converted)
    assert _answer(api, ours).code == 0


def _refusal(api: Program, document: dict[str, Any]) -> str:
    """Ask until it is refused: a policy is in force a moment after it is made."""
    deadline = time.monotonic() + 60
    while (answer := _answer(api, document)).code == 0:
        assert time.monotonic() < deadline, "the API server takes it"
        time.sleep(0.5)
    return answer.err


def _answer(api: Program, document: dict[str, Any]) -> Ended:
    """Apply a CRD as the operator's Application would."""
    annotations = {**document["metadata"].get("annotations", {}), "argocd.argoproj.io/tracking-id": TRACKED}
    tracked = {**document, "metadata": {**document["metadata"], "annotations": annotations}}
    how = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-")
    return api(*how, given=yaml.safe_dump(tracked), good=False)
