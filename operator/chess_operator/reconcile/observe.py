"""From the mirror's objects to the values that `decide` knows. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import get_args

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import DEPLOYMENTS, PODS, Manifest
from chess_operator.api.resources.names import (
    CLUSTER_UID_VARIABLE,
    COLOURS,
    CONTAINER,
    Colour,
    Key,
    child_name,
)
from chess_operator.decide.values import Observed, Pod, PodPhase, Workload
from chess_operator.kube.mirror import Mirror
from chess_presence.census import Expected

PHASES = frozenset(get_args(PodPhase))


def observe(mirror: Mirror, cluster: Manifest, revision: str) -> Observed:
    """Collect everything that exists of a ChessCluster."""
    meta = cluster["metadata"]
    key = Key(meta["namespace"], meta["name"])
    found = {colour: deployment(mirror, key, colour) for colour in COLOURS}
    return Observed(
        name=key.name,
        namespace=key.namespace,
        uid=meta["uid"],
        generation=meta.get("generation", 1),
        revision=revision,
        workloads={colour: workload_of(body, colour) for colour, body in found.items() if body is not None},
        pods=tuple(pods_of(body for body in mirror.all(PODS, key) if _made_for(body, meta["uid"]))),
    )


def deployment(mirror: Mirror, key: Key, colour: Colour) -> Manifest | None:
    """Find a colour's Deployment, unless it is being deleted."""
    body = mirror.one(DEPLOYMENTS, key, child_name(key.name, colour))
    return None if body is None or "deletionTimestamp" in body["metadata"] else body


def leftover(mirror: Mirror, key: Key, uid: str) -> Manifest | None:
    """Find a Deployment that an earlier ChessCluster of this name has left; the garbage collector may delete it.

    Its pods send heartbeats for that one: they can be neither counted nor drained.
    """
    found = (mirror.one(DEPLOYMENTS, key, child_name(key.name, colour)) for colour in COLOURS)
    left = (body for body in found if body is not None and not _made_for(body["spec"]["template"], uid))
    return next(left, None)


def workload_of(body: Manifest, colour: Colour) -> Workload:
    """Read a Deployment."""
    template, status = body["spec"]["template"].get("metadata") or {}, body.get("status") or {}
    return Workload(
        colour=colour,
        replicas=body["spec"].get("replicas", 1),
        resource_version=body["metadata"]["resourceVersion"],
        revision=(template.get("annotations") or {}).get(labels.REVISION, ""),
        observed=status.get("observedGeneration", 0) >= body["metadata"].get("generation", 0),
        rolling=status.get("updatedReplicas", 0) < status.get("replicas", 0),
    )


def pods_of(bodies: Iterable[Manifest]) -> Iterable[Pod]:
    """Read the pods of a known colour, oldest first."""
    for body in sorted(
        bodies, key=lambda body: (body["metadata"]["creationTimestamp"], body["metadata"]["uid"])
    ):
        colour = (body["metadata"].get("labels") or {}).get(labels.COLOUR)
        if colour in COLOURS:
            yield pod_of(body, colour)


def pod_of(body: Manifest, colour: Colour) -> Pod:
    """Read one pod."""
    meta, status = body["metadata"], body.get("status") or {}
    annotations = meta.get("annotations") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    container = _container(status)
    return Pod(
        uid=meta["uid"],
        name=meta["name"],
        colour=colour,
        revision=annotations.get(labels.REVISION, ""),
        resource_version=meta["resourceVersion"],
        phase=status["phase"] if status.get("phase") in PHASES else "Pending",
        scheduled=bool((body.get("spec") or {}).get("nodeName")),
        ready=conditions.get("Ready", {}).get("status") == "True",
        created_at_ms=epoch_ms(meta["creationTimestamp"]),
        running_since_ms=_maybe_ms(((container.get("state") or {}).get("running") or {}).get("startedAt")),
        restarts=container.get("restartCount", 0),
        serving=(meta.get("labels") or {}).get(labels.SERVING) == "true",
        deletion_cost=number(annotations.get(labels.DELETION_COST)) or 0,
        drain_deadline_ms=number(annotations.get(labels.DRAIN_DEADLINE)),
        terminating="deletionTimestamp" in meta,
        waiting=_waiting(container, conditions),
    )


def expected_of(pods: Iterable[Pod]) -> list[Expected]:
    """List the pods that should send heartbeats: those whose server runs."""
    return [
        Expected(uid=pod.uid, running_since_ms=pod.running_since_ms)
        for pod in pods
        if pod.running_since_ms is not None and pod.phase == "Running" and not pod.terminating
    ]


def waiting_messages(mirror: Mirror, key: Key) -> dict[str, str]:
    """Collect by pod uid why a pod does not run, in the words of the kubelet or the scheduler."""
    return {body["metadata"]["uid"]: waiting_message(body) for body in mirror.all(PODS, key)}


def waiting_message(body: Manifest) -> str:
    """Find why a pod does not run, in the words of the kubelet or the scheduler."""
    status = body.get("status") or {}
    waiting = (_container(status).get("state") or {}).get("waiting") or {}
    if waiting.get("message"):
        return str(waiting["message"])
    for condition in status.get("conditions") or []:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("message", ""))
    return ""


def epoch_ms(stamp: str) -> int:
    """Read a Kubernetes time stamp."""
    return round(datetime.fromisoformat(stamp).astimezone(UTC).timestamp() * 1000)


def number(text: str | None) -> int | None:
    """Read an annotation that should be a number; somebody else may have written it."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def _maybe_ms(stamp: str | None) -> int | None:
    return None if stamp is None else epoch_ms(stamp)


def _made_for(pod: Manifest, uid: str) -> bool:
    """Whether a pod, or a template's pods, belong to this very ChessCluster and not to an earlier one of its name."""
    containers = (pod.get("spec") or {}).get("containers") or []
    env = (one for container in containers for one in container.get("env") or [])
    return all(one["name"] != CLUSTER_UID_VARIABLE or one.get("value") == uid for one in env)


def _container(status: Manifest) -> Manifest:
    for container in status.get("containerStatuses") or []:
        if container["name"] == CONTAINER:
            found: Manifest = container
            return found
    return {}


def _waiting(container: Manifest, conditions: dict[str, Manifest]) -> str | None:
    waiting = (container.get("state") or {}).get("waiting") or {}
    if waiting.get("reason"):
        return str(waiting["reason"])
    scheduled = conditions.get("PodScheduled", {})
    return scheduled.get("reason") if scheduled.get("status") == "False" else None
