"""The status of a ChessCluster, made whole from what a reconcile observed and decided. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chess_operator.api.model.status import Phase
from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import Manifest
from chess_operator.api.resources.names import COLOURS
from chess_operator.decide.scaling import history
from chess_operator.decide.values import Condition, Decision, Observed
from chess_operator.report import conditions
from chess_operator.report.conditions import Problem
from chess_operator.report.context import Context
from chess_presence.census import Census

MESSAGE_LIMIT = 1024


def status(context: Context, now_ms: int) -> Manifest:
    """Make the status of a reconcile that decided. `now_ms` is our own clock, as all times in a status are."""
    seen, decision, trouble = context.observed, context.decision, context.trouble
    before: Manifest = context.cluster.get("status") or {}
    given = {
        **conditions.decided(decision),
        "Available": conditions.available(seen, decision.desired, trouble),
        "Ready": conditions.ready(seen, decision.desired, context.spec.scaling.min_replicas),
        "Progressing": conditions.progressing(seen, decision.desired, context.waiting),
        "Degraded": conditions.degraded(trouble),
    }
    return _status(seen, before, given, now_ms) | _decided(decision) | _counted(context.census, before)


def halted(cluster: Manifest, observed: Observed, problem: Problem, now_ms: int, *, valid: bool) -> Manifest:
    """Make the status of a reconcile that could not decide. `valid`: the ChessCluster itself is not the problem.

    What an earlier decision reported stays.
    """
    before: Manifest = cluster.get("status") or {}
    desired = int(before.get("desiredReplicas") or 0)
    given = {
        **conditions.undecided(problem),
        "Available": conditions.available(observed, desired, problem),
        "Ready": conditions.ready(observed, desired, 1) if valid else conditions.not_ready(problem),
        "Progressing": conditions.progressing(observed, desired, None),
        "Degraded": conditions.degraded(problem),
    }
    kept = ("desiredReplicas", "connections", "weight", "lastScaleTime", "scaling", "rollout")
    return _status(observed, before, given, now_ms) | {name: before[name] for name in kept if name in before}


def urgent(made: Manifest) -> Any:
    """Select what must be written at once; the rest (counts, messages, history) may wait for a second."""
    fields = (
        "observedGeneration",
        "phase",
        "replicas",
        "readyReplicas",
        "desiredReplicas",
        "drainingReplicas",
    )
    given = [(one["type"], one["status"], one["reason"]) for one in made.get("conditions") or []]
    return [made.get(field) for field in fields], given


def stamp(now_ms: int) -> str:
    """Write a time as Kubernetes does."""
    return datetime.fromtimestamp(now_ms / 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(seen: Observed, before: Manifest, given: Mapping[str, Condition], now_ms: int) -> Manifest:
    return {
        "observedGeneration": seen.generation,
        "replicas": sum(pod.active for pod in seen.pods),
        "readyReplicas": len(conditions.serving_ready(seen)),
        "drainingReplicas": _draining(seen),
        "selector": f"{labels.CLUSTER}={seen.name}",
        "phase": _phase(seen, given),
        "conditions": conditions.merge(before.get("conditions") or [], given, seen.generation, stamp(now_ms)),
    }


def _phase(seen: Observed, given: Mapping[str, Condition]) -> Phase:
    """Name in one word what the ChessCluster is doing."""
    order: tuple[tuple[bool, Phase], ...] = (
        (given["Paused"].status, "Paused"),
        (given["Degraded"].status, "Degraded"),
        (not given["Available"].status, "Pending"),
        (given["Progressing"].status, "Scaling"),
        (_draining(seen) > 0, "Draining"),
    )
    return next((phase for holds, phase in order if holds), "Running")


def _decided(decision: Decision) -> Manifest:
    weights = {colour: plan.weight for colour, plan in decision.plans.items()}
    stable = max(weights, key=lambda colour: weights[colour], default=COLOURS[0])
    scaled_ms = decision.history.last_scale_ms
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
        **({"lastScaleTime": stamp(scaled_ms)} if scaled_ms else {}),
    }


def _counted(census: Census, before: Manifest) -> Manifest:
    """Count the connections. While Redis cannot be read, the last count stays: 0 would be wrong."""
    if census.unreachable:
        return {"connections": before["connections"]} if "connections" in before else {}
    return {"connections": census.total}


def _draining(observed: Observed) -> int:
    return sum(
        pod.draining or pod.terminating for pod in observed.pods if pod.phase in ("Running", "Pending")
    )
