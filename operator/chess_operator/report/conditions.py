"""Conditions as the API shows them (metav1.Condition). All of them are written every time, so none can be stale."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chess_operator.api.resources.kinds import Manifest
from chess_operator.decide.values import Condition, Conditions, Decision, Observed, Pod

MESSAGE_LIMIT = 1024
BAD_WAITS = frozenset(
    {
        "CrashLoopBackOff",
        "ImagePullBackOff",
        "ErrImagePull",
        "ErrImageNeverPull",
        "InvalidImageName",
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    }
)
"""Reasons for waiting that do not go away by themselves."""
FOR_A_NODE = frozenset({"Unschedulable"})
"""Reasons for waiting that a new node ends: normal while a cluster grows."""
DECIDED = {"".join(map(str.capitalize, name.split("_"))): name for name in Conditions.__dataclass_fields__}
"""The conditions that a decision brings: type → field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that a person must look at."""

    reason: str
    message: str


def serving_ready(observed: Observed) -> list[Pod]:
    """List the pods that accept new players."""
    return [pod for pod in observed.pods if pod.active and pod.ready and pod.serving and not pod.draining]


def available(observed: Observed, desired: int, trouble: Problem | None) -> Condition:
    """Whether a new player can enter."""
    ready = len(serving_ready(observed))
    if ready or not desired:
        return Condition(status=True, reason="PodsReady", message=f"{ready} of {desired} pods are ready")
    if trouble is not None:
        return Condition(status=False, reason=trouble.reason, message=trouble.message)
    return Condition(status=False, reason="NoPodReady", message=f"0 of {desired} pods are ready")


def ready(observed: Observed, desired: int, floor: int) -> Condition:
    """Whether the spec is valid and enough pods are ready. An incomplete census does not change it."""
    count, needed = len(serving_ready(observed)), min(desired, floor)
    if count >= needed:
        return Condition(status=True, reason="PodsReady", message=f"{count} of {desired} pods are ready")
    return Condition(
        status=False,
        reason="PodsNotReady",
        message=f"{count} of {desired} pods are ready, at least {needed} are needed",
    )


def not_ready(problem: Problem) -> Condition:
    """Make `Ready` of a ChessCluster that is itself the problem: a bad spec, a missing Secret."""
    return Condition(status=False, reason=problem.reason, message=problem.message)


def progressing(observed: Observed, desired: int, waiting: Problem | None) -> Condition:
    """Whether pods are still to become ready; `waiting` is what they wait for."""
    count = len(serving_ready(observed))
    if count < desired:
        what = f"{count} of {desired} pods are ready" + (f"; {waiting.message}" if waiting else "")
        return Condition(status=True, reason=waiting.reason if waiting else "PodsStarting", message=what)
    return Condition(status=False, reason="AsDesired", message=f"{count} pods are ready")


def degraded(problem: Problem | None) -> Condition:
    """Whether something needs a person."""
    if problem is None:
        return Condition(status=False, reason="AsExpected", message="nothing is wrong")
    return Condition(status=True, reason=problem.reason, message=problem.message)


def waiting_pod(
    pods: Iterable[Pod], messages: Mapping[str, str], reasons: frozenset[str] = BAD_WAITS
) -> Problem | None:
    """Find the first pod that waits for one of these reasons; `messages` holds the kubelet's message by uid."""
    for pod in pods:
        if pod.active and pod.waiting in reasons:
            message = messages.get(pod.uid, "")
            return Problem(
                reason=str(pod.waiting),
                message=f"pod {pod.name}: {pod.waiting}" + (f": {message}" if message else ""),
            )
    return None


def failed_replicas(deployment: Manifest | None) -> Problem | None:
    """Find why pods cannot be created: a quota, an admission policy, a missing service account."""
    for condition in ((deployment or {}).get("status") or {}).get("conditions") or []:
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True":
            return Problem(reason=condition["reason"], message=condition.get("message", ""))
    return None


def decided(decision: Decision) -> dict[str, Condition]:
    """Name the conditions that a decision brings."""
    return {kind: getattr(decision.conditions, name) for kind, name in DECIDED.items()}


def undecided(problem: Problem) -> dict[str, Condition]:
    """Make the same conditions where no decision could be taken: nothing is scaled, and why."""
    off = Condition(status=False, reason=problem.reason, message=problem.message)
    return dict.fromkeys(DECIDED, off)


def merge(
    previous: Iterable[Manifest], given: Mapping[str, Condition], generation: int, stamp: str
) -> list[Manifest]:
    """Make the list; a condition whose status stays keeps the time of its last transition."""
    known = {condition["type"]: condition for condition in previous}
    return [
        _condition(kind, condition, known.get(kind), generation, stamp)
        for kind, condition in sorted(given.items())
    ]


def _condition(
    kind: str, condition: Condition, before: Manifest | None, generation: int, stamp: str
) -> Manifest:
    status = "True" if condition.status else "False"
    unchanged = before is not None and before["status"] == status
    return {
        "type": kind,
        "status": status,
        "reason": condition.reason or "Unknown",
        "message": condition.message[:MESSAGE_LIMIT],
        "observedGeneration": generation,
        "lastTransitionTime": before["lastTransitionTime"] if unchanged and before is not None else stamp,
    }
