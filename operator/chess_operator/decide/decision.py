"""`decide`: from everything that is known to what is to be done, and why. Pure; the simulator calls it too.

The history in a decision assumes that the decision is carried out. If applying it fails, decide again with the history
from before.
"""

from dataclasses import replace

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.resources.names import Colour
from chess_operator.decide.case import Case
from chess_operator.decide.conditions import conditions_of
from chess_operator.decide.fleet import Fleet
from chess_operator.decide.pods import PodChanges, change_pods
from chess_operator.decide.replicas import Target, find_target, note_change, remember
from chess_operator.decide.scaling.history import settle
from chess_operator.decide.values import Decision, DeploymentPlan, History, Observed
from chess_presence.census import Census
from chess_presence.records import HEARTBEAT_SECONDS

STABLE: Colour = "blue"
_PAUSED = "spec.paused is true: everything stays as it is"
_SECOND_MS = 1000
_HEARTBEAT_MS = round(HEARTBEAT_SECONDS * _SECOND_MS)


def decide(
    spec: ChessClusterSpec, observed: Observed, census: Census, history: History, now_ms: int
) -> Decision:
    """Decide one ChessCluster. Nothing is looked up, nothing is written."""
    fleet = Fleet.of(observed, STABLE)
    past = remember(settle(history, now_ms), census, now_ms)
    case = Case(spec=spec, observed=observed, fleet=fleet, census=census, history=past, now_ms=now_ms)
    if spec.paused:
        return _stay(case)
    target = find_target(case)
    if fleet.mixed:
        target = replace(target, replicas=max(target.replicas, fleet.current))
    changes = change_pods(case, target.replicas)
    if fleet.workload is not None:
        past = note_change(target.history, spec.scaling, target.replicas - fleet.current, now_ms)
        target = replace(target, history=past)
    return _decided(case, target, changes)


def _stay(case: Case) -> Decision:
    """Leave everything as it is."""
    fleet = case.fleet
    target = Target(replicas=fleet.current, wanted=None, history=case.history, because="")
    kept: dict[Colour, DeploymentPlan] = {}
    if fleet.workload is not None:
        kept[STABLE] = DeploymentPlan(replicas=fleet.ordered, weight=100, template="keep")
    return Decision(
        plans=kept,
        desired=fleet.current,
        wanted=None,
        reason="Paused",
        message=_PAUSED,
        conditions=conditions_of(case, target, PodChanges(replicas=fleet.ordered), kept.get(STABLE)),
        history=case.history,
    )


def _decided(case: Case, target: Target, changes: PodChanges) -> Decision:
    colour = _plan(case, changes)
    reason, message = _explain(case, target, changes)
    wakes = (*target.wakes_ms, *changes.wakes_ms, *_first_heartbeats_due(case))
    return Decision(
        plans={STABLE: colour},
        desired=target.replicas,
        wanted=target.wanted,
        reason=reason,
        message=message,
        conditions=conditions_of(case, target, changes, colour),
        history=target.history,
        drains=changes.drains,
        undrains=changes.undrains,
        deletion_costs=changes.costs,
        going=changes.going,
        wake_at_ms=min(wakes, default=None),
    )


def _plan(case: Case, changes: PodChanges) -> DeploymentPlan:
    workload = case.fleet.workload
    if workload is None:
        # Pods without a Deployment: it has lost its labels, or somebody deleted it. Its return must remove none.
        orphans = sum(pod.active for pod in case.observed.of(STABLE))
        return DeploymentPlan(replicas=max(changes.replicas, orphans), weight=100, template="render")
    empty = case.census.complete and case.census.total == 0
    return DeploymentPlan(
        replicas=changes.replicas,
        weight=100,
        template="render" if workload.revision != case.observed.revision and empty else "keep",
        guard=workload.resource_version if changes.replicas < workload.replicas else None,
    )


def _first_heartbeats_due(case: Case) -> tuple[int, ...]:
    """When pods that run without a record become missing: nothing else wakes the operator then."""
    due = (
        pod.running_since_ms + _HEARTBEAT_MS + 1
        for pod in case.fleet.kept
        if pod.running_since_ms is not None and pod.uid not in case.census.connections
    )
    return tuple(moment for moment in due if moment > case.now_ms)


def _explain(case: Case, target: Target, changes: PodChanges) -> tuple[str, str]:
    fleet = case.fleet
    difference = target.replicas - fleet.current
    if fleet.workload is None:
        return "Created", f"{target.because}; {target.replicas} to begin with"
    if difference > 0:
        created = changes.replicas - fleet.ordered
        how = f"{len(changes.undrains)} returned from draining, {created} created"
        return "ScaledOut", f"{target.because}; {fleet.current} to {target.replicas}: {how}"
    if difference < 0:
        players = sum(drain.connections for drain in changes.drains)
        how = f"{_pods(len(changes.drains))} with {players} connections drain"
        return "ScaledIn", f"{target.because}; {fleet.current} to {target.replicas}: {how}"
    return _steady(case, target, changes)


def _steady(case: Case, target: Target, changes: PodChanges) -> tuple[str, str]:
    if changes.going:
        return (
            "Drained",
            f"{target.because}; {_pods(len(changes.going))} drained and can go, {target.replicas} serve",
        )
    if target.fallback.applies:
        return "Fallback", f"{target.because}; the census is incomplete, {target.replicas} serve"
    if not case.census.complete:
        return "CensusIncomplete", f"{target.because}; {target.replicas} serve, nothing is scaled in"
    if case.fleet.draining:
        return "Draining", f"{target.because}; {target.replicas} serve, {len(case.fleet.draining)} drain"
    return "Steady", f"{target.because}; {target.replicas} serve"


def _pods(number: int) -> str:
    return "1 pod" if number == 1 else f"{number} pods"
