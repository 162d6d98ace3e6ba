"""From the number to the pods: which to drain, which drains to undo, and when replicas may go down.

A pod goes in three steps, and each is observed before the next: its drain is ordered; once it is empty, its deletion
cost is lowered; once the ReplicaSet's order picks exactly such pods, the replicas are lowered. A dead pod goes the
same way, because it may come back to life in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chess_operator.decide.case import CLOSING_MS, Case
from chess_operator.decide.replicaset_order import before, certain
from chess_operator.decide.values import DRAINED_COST, DRAINING_COST, DrainOrder, Pod, UndrainOrder

STUCK_MS = 60_000
"""A pod that is this old and still not ready is broken, not starting."""
CREATION_MS = 30_000
"""How long to wait for pods that were just ordered before others go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodChanges:
    """What changes for one colour's pods and replicas."""

    replicas: int
    drains: tuple[DrainOrder, ...] = ()
    undrains: tuple[UndrainOrder, ...] = ()
    costs: Mapping[str, int] = field(default_factory=dict)
    going: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    """Names of the pods that the ReplicaSet would pick instead of drained ones."""
    wakes_ms: tuple[int, ...] = ()


def change_pods(case: Case, desired: int) -> PodChanges:
    """Go from the replicas that serve now to those that should."""
    difference = desired - case.fleet.current
    repairs = _repairs(case)
    if difference > 0:
        changes = _scale_out(case, difference)
    elif difference < 0:
        changes = _scale_in(case, -difference)
    else:
        changes = _settle(case)
    touched = {one.uid for one in changes.drains} | {one.uid for one in changes.undrains}
    drains = (*changes.drains, *(one for one in repairs.drains if one.uid not in touched))
    undrains = (*changes.undrains, *(one for one in repairs.undrains if one.uid not in touched))
    return replace(
        changes,
        drains=drains,
        undrains=undrains,
        costs={uid: cost for uid, cost in _costs(case).items() if uid not in touched},
        wakes_ms=(*changes.wakes_ms, *_deadlines(case, drains)),
    )


def _scale_out(case: Case, missing: int) -> PodChanges:
    """Undo drains of living pods, those with the most players first; create the rest."""
    back = _returnable(case)[:missing]
    return PodChanges(
        replicas=case.fleet.ordered + missing - len(back),
        undrains=tuple(_undrain(case, pod) for pod in back),
    )


def _scale_in(case: Case, surplus: int) -> PodChanges:
    """Give up replicas that are not created yet; then drain the pods with the fewest players."""
    cancelled = min(surplus, max(0, case.fleet.uncreated - case.unobserved))
    chosen = sorted(case.fleet.serving, key=lambda pod: _drain_order(case, pod))[: surplus - cancelled]
    drains = tuple(_drain(case, pod) for pod in chosen)
    lowered = _lower(case, case.fleet.ordered - cancelled)
    return replace(lowered, drains=drains)


def _settle(case: Case) -> PodChanges:
    """Let drained pods go; a broken pod that the ReplicaSet would pick before one of them goes in its place."""
    lowered = _lower(case, case.fleet.ordered)
    broken = _blocking_broken(case) if case.certain else ()
    if not broken:
        return lowered
    back = [pod for pod in _returnable(case) if pod.uid not in lowered.going][: len(broken)]
    return PodChanges(
        replicas=lowered.replicas,
        drains=tuple(_drain(case, pod) for pod in broken),
        undrains=tuple(_undrain(case, pod) for pod in back),
        going=lowered.going,
    )


def _lower(case: Case, replicas: int) -> PodChanges:
    """Lower replicas by the drained pods that the ReplicaSet is certain to pick."""
    fleet = case.fleet
    ready_to_go = {
        pod.uid for pod in fleet.draining if case.drained(pod) and pod.deletion_cost == DRAINED_COST
    }
    if not ready_to_go or not case.certain:
        return PodChanges(replicas=replicas)
    creating_until = _creating_until(case, replicas)
    if creating_until is not None:
        return PodChanges(replicas=replicas, wakes_ms=(creating_until,))
    going = certain(fleet.kept, ready_to_go)
    left = [pod for pod in fleet.draining if pod.uid in ready_to_go and pod not in going]
    blockers = {pod.name: pod for one in left for pod in before(fleet.serving, one)}
    return PodChanges(
        replicas=replicas - len(going),
        going=tuple(pod.uid for pod in going),
        waits_for=tuple(sorted(blockers)),
        wakes_ms=tuple(
            pod.created_at_ms + STUCK_MS
            for pod in blockers.values()
            if pod.created_at_ms + STUCK_MS > case.now_ms
        ),
    )


def _creating_until(case: Case, replicas: int) -> int | None:
    """Until when to wait for pods that were just ordered: a new pod is not ready, so it would go first."""
    if replicas <= len(case.fleet.kept) or case.history.last_scale_ms is None:
        return None
    until = case.history.last_scale_ms + CREATION_MS
    return until if until > case.now_ms else None


def _blocking_broken(case: Case) -> tuple[Pod, ...]:
    """Find serving pods that are broken, empty, and would be picked before a drained one."""
    gone = [pod for pod in case.fleet.draining if case.drained(pod) and pod.deletion_cost == DRAINED_COST]
    blocked = {pod.uid: pod for one in gone for pod in before(case.fleet.serving, one)}
    broken = [pod for pod in blocked.values() if _stuck(case, pod)]
    return tuple(sorted(broken, key=lambda pod: pod.name)[: len(gone)])


def _stuck(case: Case, pod: Pod) -> bool:
    old = case.now_ms - pod.created_at_ms >= STUCK_MS
    return old and not pod.ready and case.players(pod) == 0


def _returnable(case: Case) -> list[Pod]:
    """Find draining pods that can serve again at once, most players first. One without a record may miss the order."""
    good = [pod for pod in case.fleet.draining if pod.ready and pod.uid in case.census.connections]
    return sorted(good, key=lambda pod: (-case.players(pod), pod.name))


def _drain_order(case: Case, pod: Pod) -> tuple[bool, int, bool, int, str]:
    """Sort dead pods first, then by the fewest players; among equals the youngest, as a ReplicaSet does."""
    return case.alive(pod), case.players(pod), pod.ready, -pod.created_at_ms, pod.name


def _costs(case: Case) -> dict[str, int]:
    """Find the costs that differ from those on the pods."""
    costs = {pod.uid: DRAINED_COST if case.drained(pod) else DRAINING_COST for pod in case.fleet.draining}
    costs |= {pod.uid: 0 for pod in case.fleet.serving if pod.deletion_cost in (DRAINING_COST, DRAINED_COST)}
    return {
        pod.uid: costs[pod.uid]
        for pod in case.fleet.kept
        if costs.get(pod.uid, pod.deletion_cost) != pod.deletion_cost
    }


def _repairs(case: Case) -> PodChanges:
    """Complete what is half done, or was undone by hand: a pod's label and annotation contradict each other."""
    drains = tuple(_drain(case, pod) for pod in case.fleet.draining if pod.serving)
    undrains = tuple(_undrain(case, pod) for pod in case.fleet.serving if not pod.serving)
    return PodChanges(replicas=0, drains=drains, undrains=undrains)


def _deadlines(case: Case, begun: tuple[DrainOrder, ...]) -> tuple[int, ...]:
    """When pods that drain are overdue."""
    running = [pod.drain_deadline_ms for pod in case.fleet.draining if pod.drain_deadline_ms is not None]
    ends = (deadline + CLOSING_MS for deadline in (*running, *(drain.deadline_ms for drain in begun)))
    return tuple(end for end in ends if end > case.now_ms)


def _drain(case: Case, pod: Pod) -> DrainOrder:
    deadline = case.deadline_ms if pod.drain_deadline_ms is None else pod.drain_deadline_ms
    return DrainOrder(
        uid=pod.uid,
        deadline_ms=deadline,
        resource_version=pod.resource_version,
        connections=case.players(pod),
    )


def _undrain(case: Case, pod: Pod) -> UndrainOrder:
    return UndrainOrder(uid=pod.uid, connections=case.players(pod))
