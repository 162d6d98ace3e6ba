"""Argo CD's own program judges ChessClusters by our Lua: every state that an operator can leave one in."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from program import Program

pytestmark = [pytest.mark.gitops]
NO_WAVE_WAITS = {"chesscluster.dev/holds-waves": "false"}
GOOD = {
    "Ready": ("True", "PodsReady", "2 of 2 pods are ready"),
    "Degraded": ("False", "AsExpected", "good"),
}
STATES = {
    "just made": ({"status": None}, "Progressing", "waiting for the operator"),
    "seen, no condition yet": ({"conditions": {}}, "Progressing", "waiting for the operator"),
    "a generation not yet observed": ({"generation": 8}, "Progressing", "generation 8"),
    "paused, a generation not yet observed": ({"generation": 8, "paused": True}, "Progressing", "generation 8"),
    "degraded, a generation not yet observed": (
        {"generation": 8, "conditions": {"Degraded": ("True", "ImagePullBackOff", "x")}},
        "Progressing", "generation 8"),
    "pods come up": ({"conditions": {"Ready": ("False", "PodsNotReady", "0 of 2")}}, "Progressing", "0 of 2"),
    "ready": ({}, "Healthy", "2 of 2"),
    "scaling out under load": (
        {"conditions": {"Progressing": ("True", "PodsStarting", "2 of 3")}}, "Healthy", "2 of 2"),
    "paused": ({"paused": True}, "Suspended", "paused"),
    "a Secret is missing": (
        {"conditions": {"Ready": ("False", "SecretNotFound", "chess/chess-redis has no key url"),
                        "Degraded": ("True", "SecretNotFound", "chess/chess-redis has no key url")}},
        "Degraded", "SecretNotFound: chess/chess-redis"),
    "the image cannot be pulled": (
        {"conditions": {"Degraded": ("True", "ImagePullBackOff", "pod chess-blue-x")}}, "Degraded", "ImagePullBackOff"),
    "no node has room yet": (
        {"conditions": {"Degraded": ("True", "Unschedulable", "0/1 nodes")}}, "Progressing", "Unschedulable"),
    "a revision waits for players to leave": (
        {"conditions": {"RolloutPending": ("True", "PlayersOnline", "3 players")}}, "Suspended", "3 players"),
    "going": ({"deleted": True}, "Progressing", "Pending deletion"),
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(kustomize: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "argocd-cm.yaml"
    path.write_text(kustomize("build", "manifests/argocd/settings").out)
    return path


def _cluster(state: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "chess", "namespace": "chess", "generation": state.get("generation", 7)}
    if state.get("deleted"):
        metadata["deletionTimestamp"] = "2026-11-21T12:00:00Z"
    made = {"apiVersion": "chesscluster.dev/v1alpha1", "kind": "ChessCluster", "metadata": metadata,
            "spec": {"paused": state.get("paused", False)}}  # fmt: skip
    if "status" not in state:
        found = (
            state["conditions"] if state.get("conditions") == {} else {**GOOD, **state.get("conditions", {})}
        )
        conditions = [{"type": kind, "status": status, "reason": reason, "message": message}
                      for kind, (status, reason, message) in found.items()]  # fmt: skip
        made["status"] = {"observedGeneration": 7, "connections": 12, "conditions": conditions}
    return made


@pytest.mark.parametrize("state, health, words", list(STATES.values()), ids=list(STATES))
def test_health(
    argocd_program: Program, settings: Path, tmp_path: Path, state: dict[str, Any], health: str, words: str
) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(yaml.safe_dump(_cluster(state)))
    answer = argocd_program(
        "admin", "settings", "resource-overrides", "health", path, "--argocd-cm-path", settings
    )
    assert f"STATUS: {health}" in answer.out
    assert words in answer.out


@pytest.mark.parametrize(
    "annotations, status, health",
    [
        pytest.param({}, None, "Progressing", id="not compared yet"),
        pytest.param({}, "Degraded", "Degraded", id="as it is"),
        pytest.param(NO_WAVE_WAITS, "Degraded", "Healthy", id="no wave waits for it"),
    ],
)
def test_health_of_an_application(
    argocd_program: Program,
    settings: Path,
    tmp_path: Path,
    annotations: dict[str, str],
    status: str | None,
    health: str,
) -> None:
    path = tmp_path / "application.yaml"
    metadata = {"name": "chess-x", "namespace": "argocd", "annotations": annotations}
    made: dict[str, Any] = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata}
    path.write_text(yaml.safe_dump(made | ({"status": {"health": {"status": status}}} if status else {})))
    answer = argocd_program(
        "admin", "settings", "resource-overrides", "health", path, "--argocd-cm-path", settings
    )
    assert f"STATUS: {health}" in answer.out
    assert status is None or status in answer.out, "the truth is in the message"


@pytest.mark.parametrize("action, paused", [("pause", "true"), ("resume", "false")])
def test_actions(argocd_program: Program, settings: Path, tmp_path: Path, action: str, paused: str) -> None:
    path = tmp_path / "cluster.yaml"
    path.write_text(yaml.safe_dump(_cluster({"paused": action == "resume"})))
    common = ("admin", "settings", "resource-overrides")
    listed = argocd_program(*common, "list-actions", path, "--argocd-cm-path", settings).out
    disabled = dict(line.split() for line in listed.splitlines()[1:] if line.strip())
    assert {name for name, off in disabled.items() if off == "false"} == {action}
    answer = argocd_program(*common, "run-action", path, action, "--argocd-cm-path", settings).out
    assert f">   paused: {paused}" in answer
