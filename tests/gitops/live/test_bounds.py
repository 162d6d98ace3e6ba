"""Whoever pushes to Git does not become Argo CD's admin."""

from typing import Any

import pytest
import yaml
from gitops_world import World

from chess_bench.cluster.kubectl import KubectlError
from chess_bench.gitops.service import APPLICATIONS, ARGOCD

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
BROUGHT = "manifests/argocd/local/applications"
PROJECTS = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects"
RIGHTS = "/api/v1/namespaces/argocd/configmaps/argocd-rbac-cm"
WIDE = {
    "sourceRepos": ["*"],
    "destinations": [{"server": "*", "namespace": "*"}],
    "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
}


def _object(api: str, kind: str, name: str, **body: Any) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": ARGOCD}, **body}


def _bring(world: World, more: list[dict[str, Any]], patch: str = "") -> str:
    """Push objects beside the Applications, and a patch of the game's."""
    directory = world.checkout.path(BROUGHT)
    (directory / "more.yaml").write_text(yaml.safe_dump_all(more))
    kustomization = yaml.safe_load((directory / "kustomization.yaml").read_text())
    kustomization["resources"] = ["../../applications", "more.yaml"]
    if patch:
        kustomization["patches"].append(
            {"target": {"kind": "Application", "name": "^chess$"}, "patch": patch}
        )
    (directory / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return world.push("Ask for more rights")


async def test_a_push_of_a_project_or_of_argo_cd_s_rights_is_refused(world: World) -> None:
    before = await world.kubectl.get(RIGHTS)
    project = _object("argoproj.io/v1alpha1", "AppProject", "wide", spec=WIDE)
    rights = _object("v1", "ConfigMap", "argocd-rbac-cm", data={"policy.default": "role:admin"})
    found = await world.failed("chess-root", _bring(world, [project, rights]))
    assert "AppProject is not permitted in project chess-root" in found.message
    assert "ConfigMap is not permitted in project chess-root" in found.message
    assert await world.kubectl.get(RIGHTS) == before
    assert not await _exists(world, f"{PROJECTS}/wide")


async def test_a_push_of_another_application_or_of_ours_in_another_project_is_refused(world: World) -> None:
    """The project `default` allows everything, so an Application in it would be a way around every other bound."""
    game = await world.kubectl.get(f"{APPLICATIONS}/chess")
    other = _object(
        "argoproj.io/v1alpha1", "Application", "other", spec=game["spec"] | {"project": "default"}
    )
    found = await world.failed("chess-root", _bring(world, [other]))
    assert "chess-root may bring the Applications" in found.message
    assert not await _exists(world, f"{APPLICATIONS}/other")

    moved = "- {op: replace, path: /spec/project, value: default}"
    found = await world.failed("chess-root", _bring(world, [], moved))
    assert "chess must be of project chess-games, not default" in found.message
    assert (await world.kubectl.get(f"{APPLICATIONS}/chess"))["spec"]["project"] == "chess-games"


async def _exists(world: World, path: str) -> bool:
    try:
        await world.kubectl.get(path)
    except KubectlError:
        return False
    return True
