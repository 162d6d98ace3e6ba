"""`decide`: everything that is known → what is to be done, and why. Pure; the simulator calls it too.

The history in a decision supposes that the decision is carried out. If applying it fails, decide again on the history
from before.
"""

from dataclasses import replace

from chess_operator.api.model import ChessClusterSpec
from chess_operator.decide.conditions import conditions_of
from chess_operator.decide.fleet import Case, Fleet
from chess_operator.decide.pods import PodChanges, Scene, plan
from chess_operator.decide.replicas import Target, aim, ordered, remember
from chess_operator.decide.scaling.history import settle
from chess_operator.decide.values import Colour, Decision, DeploymentPlan, History, Observed
from chess_presence.census import Census
from chess_presence.records import HEARTBEAT_SECONDS

STABLE: Colour = "blue"
_DELETING = "the ChessCluster is being deleted"
_PAUSED = "spec.paused is true: everything stays as it is"
_SECOND_MS = 1000
_HEARTBEAT_MS = round(HEARTBEAT_SECONDS * _SECOND_MS)


def decide(
    spec: ChessClusterSpec, observed: Observed, census: Census, history: History, now_ms: int
) -> Decision:
    """Decide one ChessCluster. Nothing is looked up, nothing is written."""
    fleet = Fleet.of(observed, STABLE)
    case = Case(spec=spec, observed=observed, fleet=fleet, census=census, now_ms=now_ms)
    past = remember(settle(history, now_ms), census, now_ms)
    if observed.deleting or spec.paused:
        return _stay(case, past)
    target = aim(spec, fleet, census, past, now_ms)
    if fleet.mixed:
        target = replace(target, replicas=max(target.replicas, fleet.current))
    moves = plan(_scene(case, past), target.replicas)
    if fleet.workload is not None:
        past = ordered(target.history, spec.scaling, target.replicas - fleet.current, now_ms)
        target = replace(target, history=past)
    return _decided(case, target, moves)


def _scene(case: Case, past: History) -> Scene:
    return Scene(
        fleet=case.fleet,
        census=case.census,
        deadline_ms=case.now_ms + case.spec.drain.deadline_seconds * _SECOND_MS,
        last_scale_ms=past.last_scale_ms,
        now_ms=case.now_ms,
        unobserved=len(case.census.connections.keys() - {pod.uid for pod in case.observed.pods}),
    )


def _stay(case: Case, past: History) -> Decision:
    """Leave everything as it is."""
    fleet = case.fleet
    target = Target(replicas=fleet.current, wanted=None, history=past, because="")
    kept: dict[Colour, DeploymentPlan] = {}
    if fleet.workload is not None:
        kept[STABLE] = DeploymentPlan(replicas=fleet.ordered, weight=100, template="keep")
    reason, message = ("Deleting", _DELETING) if case.observed.deleting else ("Paused", _PAUSED)
    return Decision(
        plans=kept,
        desired=fleet.current,
        wanted=None,
        reason=reason,
        message=message,
        conditions=conditions_of(case, target, PodChanges(replicas=fleet.ordered), kept.get(STABLE)),
        history=past,
    )


def _decided(case: Case, target: Target, moves: PodChanges) -> Decision:
    colour = _plan(case, moves)
    reason, message = _explain(case, target, moves)
    wakes = (*target.wakes_ms, *moves.wakes_ms, *_first_beats(case))
    return Decision(
        plans={STABLE: colour},
        desired=target.replicas,
        wanted=target.wanted,
        reason=reason,
        message=message,
        conditions=conditions_of(case, target, moves, colour),
        history=target.history,
        drains=moves.drains,
        undrains=moves.undrains,
        deletion_costs=moves.costs,
        going=moves.going,
        wake_at_ms=min(wakes, default=None),
    )


def _plan(case: Case, moves: PodChanges) -> DeploymentPlan:
    workload = case.fleet.workload
    if workload is None:
        # Pods without a Deployment: it is there but hidden, or was taken away from them. None may go by its return.
        orphans = sum(pod.active for pod in case.observed.of(STABLE))
        return DeploymentPlan(replicas=max(moves.replicas, orphans), weight=100, template="render")
    empty = case.census.complete and case.census.total == 0
    return DeploymentPlan(
        replicas=moves.replicas,
        weight=100,
        template="render" if workload.revision != case.observed.revision and empty else "keep",
        guard=workload.resource_version if moves.replicas < workload.replicas else None,
    )


def _first_beats(case: Case) -> tuple[int, ...]:
    """When pods that run without a record become missing: nothing else would wake the operator then."""
    due = (
        pod.running_since_ms + _HEARTBEAT_MS + 1
        for pod in case.fleet.kept
        if pod.running_since_ms is not None and pod.uid not in case.census.connections
    )
    return tuple(moment for moment in due if moment > case.now_ms)


def _explain(case: Case, target: Target, moves: PodChanges) -> tuple[str, str]:
    fleet = case.fleet
    change = target.replicas - fleet.current
    if fleet.workload is None:
        return "Created", f"{target.because}; begun with {target.replicas}"
    if change > 0:
        created = moves.replicas - fleet.ordered
        how = f"{len(moves.undrains)} taken back from draining, {created} created"
        return "ScaledOut", f"{target.because}; {fleet.current} to {target.replicas}: {how}"
    if change < 0:
        players = sum(drain.connections for drain in moves.drains)
        how = f"{_pods(len(moves.drains))} with {players} connections drain"
        return "ScaledIn", f"{target.because}; {fleet.current} to {target.replicas}: {how}"
    return _steady(case, target, moves)


def _steady(case: Case, target: Target, moves: PodChanges) -> tuple[str, str]:
    if moves.going:
        return (
            "Drained",
            f"{target.because}; {_pods(len(moves.going))} drained and can go, {target.replicas} serve",
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
