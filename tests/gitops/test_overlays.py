"""Overlays are what the charts make, build with kustomize and with kubectl, and the API server takes all of them."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import render
import yaml
from program import Program

from chess_operator.api.model import parse
from chess_operator.objects.owner import Owner
from chess_operator.objects.policy import policy
from chess_operator.objects.template import ADMIN_PORT

pytestmark = [pytest.mark.gitops]
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ("local", "dev", "staging", "prod")
OVERLAYS = ROOT / "manifests/overlays"
PARTS = sorted(
    str(one.parent.relative_to(ROOT))
    for one in OVERLAYS.glob("*/*/kustomization.yaml")
    if one.parent.name != "image"
)
BUILT_IN = {
    "",
    "apps",
    "batch",
    "policy",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "apiextensions.k8s.io",
}
OURS = {"chesscluster.dev"}


@pytest.mark.parametrize("overlay", PARTS)
def test_the_api_server_takes_the_overlay(kustomize: Program, api: Program, overlay: str) -> None:
    built = kustomize("build", overlay)
    answer = api(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-", given=built.out
    )
    assert answer.out.count("(server dry run)") == len(built.documents)
    assert "Warning: would violate" not in answer.err


@pytest.mark.parametrize("overlay", PARTS)
def test_the_documentation_names_every_foreign_kind(kustomize: Program, overlay: str) -> None:
    """What a cluster must have before is a table of docs/gitops.md, a row an environment and one for monitoring."""
    _, _, environment, part = overlay.split("/")
    row = "monitoring" if part == "monitoring" else environment
    groups = {_group_kind(one)[0] for one in kustomize("build", overlay).documents}
    assert groups - BUILT_IN - OURS <= _documented(row)


def _documented(row: str) -> set[str]:
    found = re.search(
        rf"^\| `[^|]*\b{row}\b[^|]*` \|(.*)\|$", (ROOT / "docs/gitops.md").read_text(), re.MULTILINE
    )
    assert found, f"no row for {row}"
    return set(re.findall(r"`([\w-]+(?:\.[\w-]+)+)`", found[1]))


def test_only_monitoring_needs_the_kinds_of_prometheus(kustomize: Program) -> None:
    for overlay in PARTS:
        groups = {_group_kind(one)[0] for one in kustomize("build", overlay).documents}
        assert ("monitoring.coreos.com" in groups) == overlay.endswith("/monitoring"), overlay


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_prometheus_is_let_in_where_it_is_told_to_read(kustomize: Program, environment: str) -> None:
    """A PodMonitor and the NetworkPolicy that lets its Prometheus in go together."""
    game = kustomize("build", f"manifests/overlays/{environment}/game").documents
    spec = parse(next(one["spec"] for one in game if one["kind"] == "ChessCluster"))
    owner = Owner(name="chess", namespace="chess", uid="1")
    [admin] = [
        rule["from"]
        for rule in policy(owner, spec, [6379])["spec"]["ingress"]
        if rule["ports"][0]["port"] == ADMIN_PORT
    ]
    labels = [peer.get("namespaceSelector", {}).get("matchLabels") for peer in admin]
    monitored = (OVERLAYS / environment / "monitoring").exists()
    assert ({"kubernetes.io/metadata.name": "monitoring"} in labels) is monitored


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
                        "components": [_relative(ROOT / f"manifests/components/{one}", tmp_path)
                                       for one in ("entry", component)]})
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
    [root] = [one["spec"] for one in built if one["kind"] == "Application"]
    brought = kustomize("build", root["source"]["path"]).documents
    assert {one["kind"] for one in brought} == {"Application"}
    assert root["project"] == "chess-root"
    assert {one["spec"]["project"] for one in brought} == {"chess-platform", "chess-games"}
    for application in (root, *(one["spec"] for one in brought)):
        allowed = projects[application["project"]]
        kinds = {
            (one["group"], one["kind"])
            for field in ("clusterResourceWhitelist", "namespaceResourceWhitelist")
            for one in allowed[field]
        }
        held = kustomize("build", application["source"]["path"]).documents
        assert {_group_kind(one) for one in held} - kinds == set()
        assert {one["metadata"].get("namespace") for one in held} <= {
            None,
            *(one["namespace"] for one in allowed["destinations"]),
        }
        assert not kinds & {("", "Secret"), ("*", "*")}
        assert application["destination"]["namespace"] in {
            one["namespace"] for one in allowed["destinations"]
        }
        assert application["source"]["repoURL"] in allowed["sourceRepos"]


def _group_kind(document: dict[str, Any]) -> tuple[str, str]:
    group, _, version = document["apiVersion"].partition("/")
    return (group if version else "", document["kind"])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_way_in_brings_the_service_that_it_leads_to(kustomize: Program, environment: str) -> None:
    """The operator's own go with the ChessCluster. Target groups have none else, and take no pod that is going."""
    entry = kustomize("build", f"manifests/overlays/{environment}/entry").documents
    services = {
        (one["metadata"]["name"], one["spec"]["ports"][0]["port"])
        for one in entry
        if one["kind"] == "Service"
    }
    for route in (one for one in entry if one["kind"] == "HTTPRoute"):
        [backend] = route["spec"]["rules"][0]["backendRefs"]
        assert (backend["name"], backend["port"]) in services


def test_nothing_that_a_push_brings_widens_a_right(kustomize: Program) -> None:
    """Neither Argo CD's settings and projects nor rights on the whole cluster are any Application's."""
    for environment in ENVIRONMENTS:
        built = kustomize("build", f"manifests/argocd/{environment}").documents
        projects = [one["spec"] for one in built if one["kind"] == "AppProject"]
        wide = {one["kind"] for project in projects for one in project["clusterResourceWhitelist"]}
        assert wide == {"CustomResourceDefinition"}
        in_argocd = [one for one in projects if {"argocd"} & {to["namespace"] for to in one["destinations"]}]
        assert [one["namespaceResourceWhitelist"] for one in in_argocd] == [
            [{"group": "argoproj.io", "kind": "Application"}]
        ]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_wave_waits_for_a_game_or_for_its_way_in(kustomize: Program, environment: str) -> None:
    """Argo CD ends a sync when its last wave is applied, and waits for the health of every wave before."""
    game = kustomize("build", f"manifests/overlays/{environment}/game").documents
    waves = {one["kind"]: _wave(one) for one in game}
    assert waves.pop("ChessCluster") > max(waves.values())
    entry = kustomize("build", f"manifests/overlays/{environment}/entry").documents
    assert {_wave(one) for one in entry} == {0}
    brought = kustomize("build", f"manifests/argocd/{environment}/applications").documents
    order = {one["metadata"]["name"]: _wave(one) for one in brought}
    assert order["chess-operator"] < order["chess-entry"] < order["chess"] == max(order.values())
    annotations = {one["metadata"]["name"]: one["metadata"]["annotations"] for one in brought}
    free = {name for name, held in annotations.items() if held.get("chesscluster.dev/holds-waves") == "false"}
    assert free == set(order) - {"chess-operator", "chess"}


def _wave(document: dict[str, Any]) -> int:
    annotations = document["metadata"].get("annotations", {})
    return int(annotations.get("argocd.argoproj.io/sync-wave", "0"))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_sync_is_tried_until_it_succeeds_with_what_git_has_by_then(
    kustomize: Program, environment: str
) -> None:
    for path in (f"manifests/argocd/{environment}", f"manifests/argocd/{environment}/applications"):
        for one in kustomize("build", path).documents:
            if one["kind"] == "Application":
                retry = one["spec"]["syncPolicy"]["retry"]
                assert (retry["limit"], retry["refresh"], retry["backoff"]["maxDuration"]) == (-1, True, "1m")


def test_a_game_of_prod_is_not_taken_away_by_a_push_alone(kustomize: Program) -> None:
    game = kustomize("build", "manifests/overlays/prod/game").documents
    [cluster] = [one for one in game if one["kind"] == "ChessCluster"]
    options = cluster["metadata"]["annotations"]["argocd.argoproj.io/sync-options"].split(",")
    assert {"Prune=confirm", "Delete=confirm"} <= set(options)


def test_one_file_names_the_repository(kustomize: Program) -> None:
    settings = yaml.safe_load((ROOT / "manifests/argocd/repository/repository.yaml").read_text())
    bootstrap = kustomize("build", "manifests/argocd/prod").out
    brought = kustomize("build", "manifests/argocd/prod/applications").out
    assert (bootstrap.count(settings["data"]["url"]), brought.count(settings["data"]["url"])) == (4, 4)
    text = bootstrap + brought
    assert "REPOSITORY" not in text
    assert "ENVIRONMENT" not in text
