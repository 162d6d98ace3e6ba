"""The status of a ChessCluster: made whole from what was observed and decided. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from chess_operator.api.model.status import Phase
from chess_operator.api.resources import labels
from chess_operator.decide.scaling import history
from chess_operator.decide.values import COLOURS, Condition, Decision, Observed
from chess_operator.kube.client import Manifest
from chess_operator.report import conditions
from chess_operator.report.conditions import Problem
from chess_presence.census import Census

MESSAGE_LIMIT = 1024
PHASES = frozenset(get_args(Phase))


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that a status is made from. `decision` is None while none can be taken: the spec or a Secret is bad."""

    cluster: Manifest
    observed: Observed
    census: Census | None
    decision: Decision | None
    problem: Problem | None
    """What keeps the cluster from being Ready: a bad spec, a missing Secret."""
    trouble: Problem | None
    """What else needs a person: pods that will not run, writes that fail."""
    waiting: Problem | None = None
    """What pods wait for that may well come by itself: a node."""
    floor: int
    """Fewest ready pods with which the cluster counts as Ready."""


def status(situation: Situation, now_ms: int) -> Manifest:
    """Make the whole status."""
    before: Manifest = situation.cluster.get("status") or {}
    seen = situation.observed
    verdicts = _verdicts(situation)
    made: Manifest = {
        "observedGeneration": seen.generation,
        "replicas": sum(pod.active for pod in seen.pods),
        "readyReplicas": len(conditions.serving_ready(seen)),
        "drainingReplicas": _draining(seen),
        "selector": f"{labels.CLUSTER}={seen.name}",
        "phase": phase(situation, verdicts),
        "conditions": conditions.merge(
            before.get("conditions") or [], verdicts, seen.generation, stamp(now_ms)
        ),
    }
    if situation.decision is None:
        kept = ("desiredReplicas", "connections", "weight", "lastScaleTime", "scaling", "rollout")
        return made | {field: before[field] for field in kept if field in before}
    return made | _decided(situation.decision) | _counted(situation.census, before)


def phase(situation: Situation, verdicts: Mapping[str, Condition]) -> Phase:
    """Say in one word what the cluster is doing."""
    order: tuple[tuple[bool, Phase], ...] = (
        (situation.observed.deleting, "Deleting"),
        (verdicts["Paused"].status, "Paused"),
        (verdicts["Degraded"].status or situation.problem is not None, "Degraded"),
        (not verdicts["Available"].status, "Pending"),
        (verdicts["Progressing"].status, "Scaling"),
        (_draining(situation.observed) > 0, "Draining"),
    )
    return next((word for holds, word in order if holds), "Running")


def material(made: Manifest) -> Any:
    """Take what must be told at once; the rest (counts, wordings, memory) may wait for a second."""
    told = ("observedGeneration", "phase", "replicas", "readyReplicas", "desiredReplicas", "drainingReplicas")
    verdicts = [(one["type"], one["status"], one["reason"]) for one in made.get("conditions") or []]
    return [made.get(field) for field in told], verdicts


def stamp(now_ms: int) -> str:
    """Write a time as Kubernetes does."""
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _verdicts(situation: Situation) -> dict[str, Condition]:
    seen, decision = situation.observed, situation.decision
    desired = decision.desired if decision is not None else _before(situation.cluster, "desiredReplicas")
    degraded = situation.trouble or situation.problem
    decided = _undecided(situation) if decision is None else conditions.verdicts_of(decision)
    return {
        **decided,
        "Available": conditions.available(seen, desired, degraded),
        "Ready": conditions.ready(seen, desired, situation.floor, situation.problem),
        "Progressing": conditions.progressing(seen, desired, situation.waiting),
        "Degraded": conditions.degraded(degraded),
    }


def _undecided(situation: Situation) -> dict[str, Condition]:
    """Fill in for a decision that could not be taken: nothing is scaled, and why."""
    problem = (
        situation.problem
        or situation.trouble
        or Problem(reason="Undecided", message="no decision could be taken")
    )
    off = Condition(status=False, reason=problem.reason, message=problem.message)
    names = (
        "AbleToScale",
        "ScalingActive",
        "ScalingLimited",
        "Fallback",
        "Draining",
        "RolloutPending",
        "Paused",
    )
    return dict.fromkeys(names, off)


def _decided(decision: Decision) -> Manifest:
    weights = {colour: plan.weight for colour, plan in decision.plans.items()}
    stable = max(weights, key=lambda colour: weights[colour], default=COLOURS[0])
    scaled = decision.history.last_scale_ms
    scaling = {
        "wantedReplicas": decision.wanted,
        "reason": decision.reason,
        "message": decision.message[:MESSAGE_LIMIT],
        "history": history.encode(decision.history),
    }
    return {
        "desiredReplicas": decision.desired,
        "weight": ",".join(f"{colour}={weight}" for colour, weight in sorted(weights.items())),
        "scaling": {field: value for field, value in scaling.items() if value is not None},
        "rollout": {"stable": stable, "weights": weights},
        **({"lastScaleTime": stamp(scaled)} if scaled else {}),
    }


def _counted(census: Census | None, before: Manifest) -> Manifest:
    """While Redis cannot be read the last count stays: 0 would be a lie."""
    if census is None or census.unreachable:
        return {"connections": before["connections"]} if "connections" in before else {}
    return {"connections": census.total}


def _draining(observed: Observed) -> int:
    return sum(
        pod.draining or pod.terminating for pod in observed.pods if pod.phase in ("Running", "Pending")
    )


def _before(cluster: Manifest, field: str) -> int:
    return int((cluster.get("status") or {}).get(field) or 0)
