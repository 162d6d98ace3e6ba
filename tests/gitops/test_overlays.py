"""Overlays are what the charts make, build with kustomize and with kubectl, and the API server takes all of them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import render
import yaml
from program import Program

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


def test_rendering_again_changes_nothing() -> None:
    assert render.drift(ROOT) == [], "run `make manifests`"


def test_a_stale_a_missing_and_a_foreign_copy_are_each_named(tmp_path: Path) -> None:
    for part in ("charts", "manifests"):
        shutil.copytree(ROOT / part, tmp_path / part)
    stale = Path("manifests/overlays/dev/game/cluster.yaml")
    missing = Path("manifests/components/gateway/httproute.yaml")
    foreign = Path("charts/chess-operator/files/crd/other.yaml")
    (tmp_path / stale).write_text((tmp_path / stale).read_text().replace("maxReplicas: 5", "maxReplicas: 6"))
    (tmp_path / missing).unlink()
    (tmp_path / foreign).write_text("kind: Other\n")
    assert render.drift(tmp_path) == sorted((stale, missing, foreign))


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


def test_one_file_names_the_repository(kustomize: Program) -> None:
    text = kustomize("build", "manifests/argocd/prod").out
    settings = yaml.safe_load((ROOT / "manifests/argocd/repository/repository.yaml").read_text())
    assert text.count(settings["data"]["url"]) == 6
    assert "REPOSITORY" not in text
    assert "ENVIRONMENT" not in text
