"""Ask Kubernetes to release what its controllers made in AWS, before the stacks under it are deleted.

Load balancers, nodes and volumes that controllers made belong to no stack and keep subnets and security groups from
being deleted. So Gateways, Ingresses, load-balancer Services, volume claims and Karpenter's nodes go first, while the
controllers still live. Two things would undo that, and go before: Argo CD's Applications, which put back what is
deleted, and the workloads that use a claim, which Kubernetes keeps for as long as a pod has it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from chess_stacks.account.backoff import Backoff

_TURNS: Final = 60
"""Looks at what is left, before it is reported."""
_SERVICES: Final = "/api/v1/services"
_VOLUMES: Final = "/api/v1/persistentvolumes"
COLLECTIONS: Final = (
    "/apis/gateway.networking.k8s.io/v1/gateways",
    "/apis/networking.k8s.io/v1/ingresses",
    _SERVICES,
    "/api/v1/persistentvolumeclaims",
    _VOLUMES,
    "/apis/karpenter.sh/v1/nodepools",
    "/apis/karpenter.sh/v1/nodeclaims",
)
SYNCERS: Final = (
    "/apis/argoproj.io/v1alpha1/applicationsets",
    "/apis/argoproj.io/v1alpha1/applications",
)
WORKLOADS: Final = (
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/daemonsets",
    "/apis/apps/v1/replicasets",
    "/apis/batch/v1/cronjobs",
    "/apis/batch/v1/jobs",
    "/api/v1/pods",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One Kubernetes object that stands in the way."""

    collection: str
    namespace: str | None
    name: str
    uid: str = ""
    deleting: bool = False
    """Whether it is being deleted already, and waits for its controller."""

    @property
    def path(self) -> str:
        """Its address in the API."""
        root, kind = self.collection.rsplit("/", 1)
        place = f"namespaces/{self.namespace}/" if self.namespace else ""
        return f"{root}/{place}{kind}/{self.name}"

    def __str__(self) -> str:
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.collection.rsplit('/', 1)[1]} {place}{self.name}"


class Kubernetes(Protocol):
    """The three calls that draining makes."""

    def list(self, collection: str) -> list[dict[str, Any]]:
        """Return the items of a collection; nothing where the API is not installed."""

    def delete(self, path: str) -> None:
        """Delete one object and what it owns; fine where it is gone already."""

    def remove_finalizers(self, path: str) -> None:
        """Take an object's finalizers off, so that its deletion deletes nothing else."""


def drain(api: Kubernetes, report: Callable[[str], None], backoff: Backoff) -> tuple[str, ...]:
    """Have the cluster release what it holds; return what it did not release in time."""
    for held in stop_syncers(api):
        report(f"stopping {held}")
    first_uids: dict[str, str] = {}
    for turn in range(_TURNS):
        left = holders(api)
        if not left:
            return ()
        for held in release(api, left):
            first_uids.setdefault(held.path, held.uid)
            report(f"draining {held}")
        backoff.pause(turn)
    return tuple(
        f"{held} (something recreates it)" if first_uids.get(held.path, held.uid) != held.uid else str(held)
        for held in left
    )


def holders(api: Kubernetes) -> tuple[Held, ...]:
    """Find every object that holds something in AWS."""
    return tuple(
        _held(collection, item)
        for collection in COLLECTIONS
        for item in api.list(collection)
        if _holds(collection, item)
    )


def stop_syncers(api: Kubernetes) -> tuple[Held, ...]:
    """Stop Argo CD from putting back what is deleted; what its Applications made stays."""
    found = tuple(_held(collection, item) for collection in SYNCERS for item in api.list(collection))
    for held in found:
        api.remove_finalizers(held.path)
        api.delete(held.path)
    return found


def release(api: Kubernetes, found: Iterable[Held]) -> tuple[Held, ...]:
    """Delete what is not being deleted yet, and before it what uses a claim; return what was asked to go."""
    asked = [held for held in found if not held.deleting and held.collection != _VOLUMES]
    if any(held.collection.endswith("/persistentvolumeclaims") for held in found):
        asked = [*(held for held in _users(api) if not held.deleting), *asked]
    for held in asked:
        api.delete(held.path)
    return tuple(asked)


def _users(api: Kubernetes) -> list[Held]:
    """Find the workloads that use a claim and that no controller made."""
    return [
        _held(collection, item)
        for collection in WORKLOADS
        for item in api.list(collection)
        if _claims(item.get("spec", {})) and not _owned(item)
    ]


def _held(collection: str, item: Mapping[str, Any]) -> Held:
    metadata = item["metadata"]
    return Held(
        collection=collection,
        namespace=metadata.get("namespace"),
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        deleting="deletionTimestamp" in metadata,
    )


def _holds(collection: str, item: Mapping[str, Any]) -> bool:
    """Return whether an object has something behind it in AWS."""
    spec = item.get("spec", {})
    if collection == _SERVICES:
        return bool(spec.get("type") == "LoadBalancer")
    if collection == _VOLUMES:  # not deleted here: its driver does that once its claim is gone
        kept = spec.get("persistentVolumeReclaimPolicy") != "Delete"
        return not kept and ("csi" in spec or "awsElasticBlockStore" in spec)
    return True


def _claims(spec: Mapping[str, Any]) -> bool:
    """Return whether a workload's pods use a claim; `spec` is a pod's, or holds a template of one."""
    if spec.get("volumeClaimTemplates"):
        return True
    job = spec.get("jobTemplate", {}).get("spec", spec)
    pod = job.get("template", {}).get("spec", job)
    return any("persistentVolumeClaim" in volume for volume in pod.get("volumes", ()))


def _owned(item: Mapping[str, Any]) -> bool:
    return any(owner.get("controller") for owner in item["metadata"].get("ownerReferences", ()))
