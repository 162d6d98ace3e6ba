"""Overlays are what the charts make, build with kustomize and with kubectl, and the API server takes all of them."""

from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
import yaml

from chess_bench.gitops.program import Program

pytestmark = [pytest.mark.gitops]
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("local", "dev", "staging", "prod")
PARTS = [f"manifests/overlays/{one}/{part}" for one in ENVIRONMENTS for part in ("operator", "game")]


@pytest.mark.parametrize("overlay", PARTS)
def test_the_api_server_takes_the_overlay(kustomize: Program, api: Program, overlay: str) -> None:
    built = kustomize("build", overlay)
    answer = api(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", given=built.out
    )
    assert answer.out.count("(server dry run)") == len(built.documents)
    assert "Warning: would violate" not in answer.err


@pytest.mark.parametrize("overlay", PARTS)
def test_kubectl_and_kustomize_build_the_same(kustomize: Program, api: Program, overlay: str) -> None:
    assert api("kustomize", overlay).out == kustomize("build", overlay).out


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_game_is_what_the_chart_makes_of_the_environments_values(environment: str) -> None:
    made = run_path(str(ROOT / "charts/render.py"))["game"](ROOT, environment)
    held = (ROOT / f"manifests/overlays/{environment}/game/cluster.yaml").read_text()
    assert held == made, "run `make manifests`"


def test_components_are_what_the_charts_make(helm: Program, tmp_path: Path) -> None:
    """Rendered again in a copy, nothing changes."""
    render = run_path(str(ROOT / "charts/render.py"))
    held = {path: path.read_text() for path in (ROOT / "manifests/components").rglob("*.yaml")}
    flags = {name: settings for name, (_, settings) in render["FEATURES"].items()}
    for name, (template, _) in render["FEATURES"].items():
        made = render["helm"](ROOT, "chess-cluster", f"--show-only=templates/{template}.yaml",
                              *(f"--set={one}" for one in flags[name]))  # fmt: skip
        assert held[ROOT / f"manifests/components/{name}/{template}.yaml"] == made
    for template, switch in render["MONITORING_SWITCH"].items():
        made = render["helm"](ROOT, "chess-operator", f"--show-only=templates/{template}.yaml",
                              f"--set=monitoring.{switch}=true")  # fmt: skip
        assert held[ROOT / f"manifests/components/monitoring/{template}.yaml"] == made


@pytest.mark.parametrize("component", ["gateway", "ingress"])
def test_a_component_fits_an_overlay_of_ones_own(
    kustomize: Program, api: Program, component: str, tmp_path: Path
) -> None:
    own = ROOT / "manifests/overlays/local/game"
    (tmp_path / "kustomization.yaml").write_text(
        yaml.safe_dump({"resources": [_relative(own, tmp_path)],
                        "components": [_relative(ROOT / f"manifests/components/{component}", tmp_path)]})
    )  # fmt: skip
    built = kustomize("build", str(tmp_path))
    api("apply", "--server-side", "--dry-run=server", "-f", "-", given=built.out)


def _relative(path: Path, start: Path) -> str:
    return "../" * len(start.parts[1:]) + str(path).lstrip("/")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_argocd_s_projects_allow_what_the_overlays_hold_and_no_secret(
    kustomize: Program, environment: str
) -> None:
    built = kustomize("build", f"manifests/argocd/{environment}").documents
    projects = {one["metadata"]["name"]: one["spec"] for one in built if one["kind"] == "AppProject"}
    for application in (one["spec"] for one in built if one["kind"] == "Application"):
        allowed = projects[application["project"]]
        kinds = {
            (one["group"], one["kind"])
            for field in ("clusterResourceWhitelist", "namespaceResourceWhitelist")
            for one in allowed[field]
        }
        held = kustomize("build", application["source"]["path"]).documents
        assert {_group_kind(one) for one in held} - kinds == set()
        assert not kinds & {("", "Secret"), ("*", "*")}
        assert application["destination"]["namespace"] in {
            one["namespace"] for one in allowed["destinations"]
        }
        assert application["source"]["repoURL"] in allowed["sourceRepos"]


def _group_kind(document: dict[str, Any]) -> tuple[str, str]:
    group, _, version = document["apiVersion"].partition("/")
    return (group if version else "", document["kind"])


def test_one_file_says_where_the_repository_is(kustomize: Program) -> None:
    text = kustomize("build", "manifests/argocd/prod").out
    settings = yaml.safe_load((ROOT / "manifests/argocd/repository/repository.yaml").read_text())
    assert text.count(settings["data"]["url"]) == 6
    assert "REPOSITORY" not in text
    assert "ENVIRONMENT" not in text
