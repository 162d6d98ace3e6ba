"""Installs the operator and a run's own objects in a cluster, and removes exactly what it made."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chess_bench.cluster import objects, ownership, polling
from chess_bench.cluster.kubectl import Kubectl, KubectlError, as_list
from chess_bench.cluster.objects import Object
from chess_bench.cluster.ownership import State
from chess_bench.cluster.targets import Target, TargetError

MANIFESTS = Path(__file__).parents[3] / "manifests"
ESTABLISHED_SECONDS = 30.0
CRD = "chessclusters.chesscluster.dev"
LEASE = "chess-operator"
READY_SECONDS = 120
GONE_SECONDS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """CRD and operator, and what the cluster had of them before."""

    wanted: tuple[tuple[Object, State], ...]
    """In the order in which they are applied; the operator's Lease, which it makes itself, is the last."""

    @property
    def deployment(self) -> tuple[str, str]:
        """Name and namespace of the operator's Deployment."""
        metadata = self._deployment[0]["metadata"]
        return metadata["name"], metadata["namespace"]

    @property
    def of_a_demo(self) -> bool:
        """Whether an earlier demo left its operator."""
        return self._deployment[1] is State.OURS

    @property
    def theirs(self) -> bool:
        """Whether the cluster has an operator of its user's, which serves as it is."""
        return self._deployment[1] in {State.SAME, State.OTHER}

    @property
    def applied(self) -> tuple[Object, ...]:
        """What is to be applied: everything that is missing, and what an earlier demo left."""
        ours = (item for item, state in self.wanted[:-1] if state in {State.ABSENT, State.OURS})
        return () if self.theirs else tuple(map(ownership.marked, ours))

    @property
    def made(self) -> tuple[Object, ...]:
        """What was not there before: what is to be removed at the end."""
        absent = (item for item, state in self.wanted if state is State.ABSENT)
        return () if self.theirs else tuple(absent)

    @property
    def _deployment(self) -> tuple[Object, State]:
        return next(one for one in self.wanted if one[0]["kind"] == "Deployment")


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
    """Record what the cluster has already; refuse by name what is somebody else's and in the way."""
    wanted = sorted(manifests("crd", "operator", image=target.image), key=_rank)
    found = await _found(target.kubectl, [*wanted, _lease(wanted)])
    states = [(item, ownership.state(item, found.get(ownership.key(item)))) for item in wanted]
    lease = _lease(wanted)
    there = State.SAME if ownership.key(lease) in found else State.ABSENT
    installation = Installation(wanted=(*states, (lease, there)))
    if installation.theirs:
        _refuse_if_without_crd(installation)
        return installation
    in_the_way = [found[ownership.key(item)] for item, state in states if state is State.OTHER]
    in_the_way += await _other_operators(target.kubectl, installation)
    if in_the_way:
        names = ", ".join(sorted(map(ownership.name, in_the_way)))
        raise TargetError(f"not of this demo, and in its way: {names}; remove them or choose another cluster")
    return installation


def _rank(item: Object) -> int:
    """Put first what others need: CRDs, then namespaces."""
    return {"CustomResourceDefinition": 0, "Namespace": 1}.get(item["kind"], 2)


def _lease(wanted: Sequence[Object]) -> Object:
    namespace = next(item["metadata"]["namespace"] for item in wanted if item["kind"] == "Deployment")
    metadata = {"name": LEASE, "namespace": namespace}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}


def _refuse_if_without_crd(installation: Installation) -> None:
    for item, state in installation.wanted:
        if item["kind"] == "CustomResourceDefinition" and state is State.ABSENT:
            name, namespace = installation.deployment
            raise TargetError(
                f"Deployment {namespace}/{name} is not of this demo, and its CRD {CRD} is missing; "
                "install it, or remove the operator"
            )


async def _found(kubectl: Kubectl, items: Sequence[Object]) -> dict[ownership.Key, Object]:
    """Read those of the objects that exist."""
    answer = await kubectl.run("get", "--ignore-not-found", "-o", "json", "-f", "-", stdin=as_list(items))
    if not answer.strip():
        return {}
    document = json.loads(answer)
    found = document["items"] if document["kind"] == "List" else [document]
    return {ownership.key(item): item for item in found}


async def _other_operators(kubectl: Kubectl, installation: Installation) -> list[Object]:
    """Return the Deployments of operators elsewhere: two operators would fight over the run's ChessCluster."""
    found = json.loads(await kubectl.run("get", "deployments", "-A", "-l", objects.OPERATOR, "-o", "json"))[
        "items"
    ]
    name, namespace = installation.deployment
    return [
        {**one, "kind": "Deployment"}
        for one in found
        if (one["metadata"]["name"], one["metadata"]["namespace"]) != (name, namespace)
    ]


async def install(kubectl: Kubectl, wanted: Installation) -> None:
    """Apply CRD and operator; what somebody else has stays as it is."""
    if not wanted.applied:
        return
    crds = [item for item in wanted.applied if item["kind"] == "CustomResourceDefinition"]
    if crds:
        await kubectl.apply(*crds)
        await established(kubectl)
    await kubectl.apply(*(item for item in wanted.applied if item not in crds))


def is_established(crd: Object) -> bool:
    """Whether the API server serves a CRD. In the first moments of its life it has no conditions."""
    found = crd.get("status", {}).get("conditions") or []
    return ("Established", "True") in {(one["type"], one["status"]) for one in found}


async def established(kubectl: Kubectl) -> None:
    """Wait until ChessClusters are served. `kubectl wait` would fail in the moment before a CRD has conditions."""

    async def missing() -> str | None:
        crd = await kubectl.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{CRD}")
        return None if is_established(crd) else str(crd.get("status"))

    try:
        await polling.until(f"CRD {CRD} is established", missing, ESTABLISHED_SECONDS)
    except polling.TooLateError as error:
        raise TargetError(str(error)) from None


async def install_operator(target: Target, wanted: Installation) -> None:
    """Install CRD and operator and wait until it runs."""
    kubectl, (name, namespace) = target.kubectl, wanted.deployment
    await install(kubectl, wanted)
    if target.local and wanted.of_a_demo:  # the same image name may mean another image now
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


async def clear_namespace(target: Target, name: str) -> None:
    """Let the run's namespace be free; refuse one that exists, unless an earlier run left it on the local cluster."""
    kubectl = target.kubectl
    if await exists(kubectl, "namespace", name):
        found = await kubectl.get(f"/api/v1/namespaces/{name}")
        ours = found["metadata"].get("labels", {}).get(objects.LABEL) == "true"
        if not (ours and target.local):
            raise TargetError(f"namespace {name}: exists already; set DEMO_NAMESPACE to another or delete it")
        await delete_namespace(kubectl, name)


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


async def uninstall(kubectl: Kubectl, installation: Installation) -> list[str]:
    """Remove what was made, and nothing else; leave it if others use it by now, and return their namespaces."""
    if not installation.made:
        return []
    crd_is_ours = any(item["kind"] == "CustomResourceDefinition" for item in installation.made)
    users = await _namespaces_in_use(kubectl) if crd_is_ours else []
    if not users:
        await kubectl.run(
            "delete",
            "--ignore-not-found",
            f"--timeout={GONE_SECONDS}s",
            "-f",
            "-",
            stdin=as_list(installation.made[::-1]),
            timeout_seconds=GONE_SECONDS + 5,
        )
    return users


async def _namespaces_in_use(kubectl: Kubectl) -> list[str]:
    """Return the namespaces with ChessClusters, which would go with their CRD."""
    if not await exists(kubectl, "crd", CRD):
        return []
    found = json.loads(await kubectl.run("get", CRD, "-A", "-o", "json"))["items"]
    return sorted({one["metadata"]["namespace"] for one in found})
