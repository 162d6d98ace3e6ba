"""Installs the operator and a run's own objects in a cluster, and removes exactly what it installed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from chess_bench.cluster import objects
from chess_bench.cluster.kubectl import Kubectl, KubectlError
from chess_bench.cluster.objects import Object
from chess_bench.cluster.targets import Target, TargetError

MANIFESTS = Path(__file__).parents[3] / "manifests"
CRD = "chessclusters.chesscluster.dev"
READY_SECONDS = 120
GONE_SECONDS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The operator's manifests, and which of them the cluster had before."""

    crd: tuple[Object, ...]
    operator: tuple[Object, ...]
    had_crd: bool
    had_operator: bool

    @property
    def deployment(self) -> tuple[str, str]:
        """Name and namespace of the operator's Deployment."""
        metadata = next(item for item in self.operator if item["kind"] == "Deployment")["metadata"]
        return metadata["name"], metadata["namespace"]


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
    """Set the image of a Deployment's containers; every other object stays as it is."""
    if item["kind"] == "Deployment":
        for container in item["spec"]["template"]["spec"]["containers"]:
            container["image"] = image
    return item


async def survey(target: Target) -> Installation:
    """Look up what the cluster already has."""
    installation = Installation(
        crd=manifests("crd", image=target.image),
        operator=manifests("operator", image=target.image),
        had_crd=await exists(target.kubectl, "crd", CRD),
        had_operator=False,
    )
    name, namespace = installation.deployment
    return replace(installation, had_operator=await exists(target.kubectl, "deployment", name, namespace))


async def install_operator(target: Target, wanted: Installation) -> None:
    """Apply CRD and operator and wait until it runs; an operator that the user's own cluster has stays as it is."""
    kubectl, (name, namespace) = target.kubectl, wanted.deployment
    if target.local or not wanted.had_operator:
        await _apply(kubectl, wanted.crd)
        await kubectl.run("wait", "--for=condition=Established", f"crd/{CRD}", "--timeout=30s")
        await _apply(kubectl, wanted.operator)
    if target.local and wanted.had_operator:  # the same image name may mean another image now
        await kubectl.run("-n", namespace, "rollout", "restart", f"deployment/{name}")
    await kubectl.run(
        "-n",
        namespace,
        "rollout",
        "status",
        f"deployment/{name}",
        f"--timeout={READY_SECONDS}s",
        timeout_seconds=READY_SECONDS + 5,
    )


async def _apply(kubectl: Kubectl, items: Sequence[Object]) -> None:
    """Apply namespaces first: their objects cannot exist before them."""
    ranked = sorted(items, key=lambda item: item["kind"] != "Namespace")
    text = "\n---\n".join(json.dumps(item) for item in ranked)
    await kubectl.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)


async def make_namespace(target: Target, name: str) -> None:
    """Make the run's namespace; refuse one that exists, unless an earlier run left it on the local cluster."""
    kubectl = target.kubectl
    if await exists(kubectl, "namespace", name):
        found = await kubectl.get(f"/api/v1/namespaces/{name}")
        ours = found["metadata"].get("labels", {}).get(objects.LABEL) == "true"
        if not (ours and target.local):
            raise TargetError(f"namespace {name}: exists already; set DEMO_NAMESPACE to another or delete it")
        await delete_namespace(kubectl, name)
    await kubectl.apply(objects.namespace(name))


async def apply_cluster(target: Target, chess_cluster: Object) -> str:
    """Apply the Secrets, the entry Service and the ChessCluster; return its uid."""
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
    """Wait until the ChessCluster is Ready and Available; the error quotes its conditions."""
    try:
        for condition in ("Ready", "Available"):
            await kubectl.run(
                "-n", namespace, "wait", f"--for=condition={condition}", f"chesscluster/{name}",
                f"--timeout={READY_SECONDS}s", timeout_seconds=READY_SECONDS + 5,
            )  # fmt: skip
    except KubectlError as error:
        path = f"/apis/chesscluster.dev/v1alpha1/namespaces/{namespace}/chessclusters/{name}"
        raise TargetError(f"{error}; {_complaints(await kubectl.get(path))}") from None


def _complaints(chess_cluster: dict[str, Any]) -> str:
    conditions = chess_cluster.get("status", {}).get("conditions", [])
    listed = [f"{c['type']}={c['status']} {c['reason']}: {c['message']}" for c in conditions]
    return "its conditions: " + ("; ".join(listed) or "none, so no operator has reconciled it")


async def exists(kubectl: Kubectl, kind: str, name: str, namespace: str = "") -> bool:
    """Return whether an object exists."""
    place = ("-n", namespace) if namespace else ()
    return bool((await kubectl.run(*place, "get", kind, name, "--ignore-not-found", "-o", "name")).strip())


async def delete_namespace(kubectl: Kubectl, name: str) -> None:
    """Delete ChessClusters first, while the operator can still drain them, then everything else."""
    await kubectl.run(
        "-n", name, "delete", "chessclusters", "--all", "--ignore-not-found", f"--timeout={GONE_SECONDS}s",
        timeout_seconds=GONE_SECONDS + 5,
    )  # fmt: skip
    await kubectl.run(
        "delete",
        "namespace",
        name,
        "--ignore-not-found",
        f"--timeout={GONE_SECONDS}s",
        timeout_seconds=GONE_SECONDS + 5,
    )


async def uninstall(kubectl: Kubectl, installation: Installation) -> None:
    """Remove what `install_operator` installed."""
    leaving = () if installation.had_operator else installation.operator
    leaving += () if installation.had_crd else installation.crd
    if leaving:
        text = "\n---\n".join(json.dumps(item) for item in leaving)
        await kubectl.run(
            "delete",
            "--ignore-not-found",
            f"--timeout={GONE_SECONDS}s",
            "-f",
            "-",
            stdin=text,
            timeout_seconds=GONE_SECONDS + 5,
        )
