"""Puts the operator and the demo's own objects into a cluster, and takes out again exactly what was put in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from chess_bench import objects
from chess_bench.kubectl import KubectlError
from chess_bench.targets import TargetError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chess_bench.kubectl import Kubectl
    from chess_bench.objects import Object
    from chess_bench.targets import Target

MANIFESTS = Path(__file__).parents[2] / "manifests"
CRD = "chessclusters.chesscluster.dev"
READY_S = 120
GONE_S = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What this run put in, and so takes out."""

    crd: bool
    operator: bool
    manifests: tuple[Object, ...]


def manifests(*folders: str, image: str) -> tuple[Object, ...]:
    """Read the manifests as they stand in the repository, with the image to run."""
    found: list[Object] = []
    for folder in folders:
        for path in sorted((MANIFESTS / folder).glob("*.yaml")):
            found += [item for item in yaml.safe_load_all(path.read_text(encoding="utf-8")) if item]
    if not found:
        raise TargetError(f"{MANIFESTS}: no manifests in {', '.join(folders)}")
    return tuple(_with_image(item, image) for item in found if item["kind"] != "Kustomization")


def _with_image(item: Object, image: str) -> Object:
    """Name the image wherever a Deployment names ours, in its containers and in what it tells the operator."""
    if item["kind"] == "Deployment":
        for container in item["spec"]["template"]["spec"]["containers"]:
            container["image"] = image
    return item


async def install_operator(target: Target) -> Installed:
    """Apply CRD and operator and wait until it runs; one that is there already stays the user's."""
    kubectl = target.kubectl
    crd, operator = manifests("crd", image=target.image), manifests("operator", image=target.image)
    deployment = next(item for item in operator if item["kind"] == "Deployment")
    name, namespace = deployment["metadata"]["name"], deployment["metadata"]["namespace"]
    had_crd = await exists(kubectl, "crd", CRD)
    had_operator = await exists(kubectl, "deployment", name, namespace)
    if not had_operator or target.local:
        await _apply(kubectl, crd)
        await kubectl.run("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=30s")
        await _apply(kubectl, operator)
    if had_operator and target.local:
        await kubectl.run("-n", namespace, "rollout", "restart", f"deployment/{name}")
    await kubectl.run(
        "-n",
        namespace,
        "rollout",
        "status",
        f"deployment/{name}",
        f"--timeout={READY_S}s",
        timeout_s=READY_S + 5,
    )
    return Installed(crd=not had_crd, operator=not had_operator, manifests=operator + crd)


async def _apply(kubectl: Kubectl, items: Sequence[Object]) -> None:
    """Namespaces first: what lives in one cannot be applied before it."""
    ranked = sorted(items, key=lambda item: item["kind"] != "Namespace")
    text = "\n---\n".join(json.dumps(item) for item in ranked)
    await kubectl.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)


async def make_namespace(target: Target, name: str) -> None:
    """Make the demo's namespace; one that exists is refused, but for a left-over of ours on the local cluster."""
    kubectl = target.kubectl
    if await exists(kubectl, "namespace", name):
        found = await kubectl.get(f"/api/v1/namespaces/{name}")
        ours = found["metadata"].get("labels", {}).get(objects.LABEL) == "true"
        if not (ours and target.local):
            raise TargetError(
                f"namespace {name}: exists already; choose another by DEMO_NAMESPACE or delete it"
            )
        await delete_namespace(kubectl, name)
    await kubectl.apply(objects.namespace(name))


async def apply_cluster(target: Target, chess_cluster: Object) -> str:
    """Apply Secrets, the front door and the ChessCluster; returns its uid."""
    namespace, name = chess_cluster["metadata"]["namespace"], chess_cluster["metadata"]["name"]
    await target.kubectl.apply(
        objects.secret(namespace, objects.REDIS_SECRET, target.stores.redis),
        objects.secret(namespace, objects.DATABASE_SECRET, target.stores.database),
        objects.entry_service(namespace, name),
        chess_cluster,
    )
    path = f"/apis/chesscluster.dev/v1alpha1/namespaces/{namespace}/chessclusters/{name}"
    found = await target.kubectl.get(path)
    uid: str = found["metadata"]["uid"]
    return uid


async def wait_ready(kubectl: Kubectl, namespace: str, name: str) -> None:
    """Wait until the ChessCluster says that it is Ready and Available; otherwise say what it says."""
    try:
        for condition in ("Ready", "Available"):
            await kubectl.run(
                "-n", namespace, "wait", f"--for=condition={condition}", f"chesscluster/{name}",
                f"--timeout={READY_S}s", timeout_s=READY_S + 5,
            )  # fmt: skip
    except KubectlError as error:
        path = f"/apis/chesscluster.dev/v1alpha1/namespaces/{namespace}/chessclusters/{name}"
        raise TargetError(f"{error}; {_complaints(await kubectl.get(path))}") from None


def _complaints(chess_cluster: dict[str, Any]) -> str:
    conditions = chess_cluster.get("status", {}).get("conditions", [])
    said = [f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in conditions]
    return "its conditions: " + ("; ".join(said) or "none, so no operator has looked at it")


async def exists(kubectl: Kubectl, kind: str, name: str, namespace: str = "") -> bool:
    """Tell whether an object is there."""
    place = ("-n", namespace) if namespace else ()
    return bool((await kubectl.run(*place, "get", kind, name, "--ignore-not-found", "-o", "name")).strip())


async def delete_namespace(kubectl: Kubectl, name: str) -> None:
    """Delete ChessClusters first, so that their operator sees them off, then everything else."""
    await kubectl.run(
        "-n", name, "delete", "chessclusters", "--all", "--ignore-not-found", f"--timeout={GONE_S}s",
        timeout_s=GONE_S + 5,
    )  # fmt: skip
    await kubectl.run(
        "delete", "namespace", name, "--ignore-not-found", f"--timeout={GONE_S}s", timeout_s=GONE_S + 5
    )


async def uninstall(kubectl: Kubectl, installed: Installed) -> None:
    """Take out what `install_operator` put in."""
    if not installed.operator:
        return
    leaving = [
        item for item in installed.manifests if item["kind"] != "CustomResourceDefinition" or installed.crd
    ]
    text = "\n---\n".join(json.dumps(item) for item in leaving)
    await kubectl.run("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=text)
