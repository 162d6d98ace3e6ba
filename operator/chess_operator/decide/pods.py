"""From the number to the pods: whom to drain, whom to take back, and when replicas may go down.

A pod goes in three steps, each seen before the next: its drain is ordered; once it holds nobody its deletion cost is
lowered; once the ReplicaSet's order picks exactly such pods, replicas are. A dead pod goes the same way, for it may
come back to life in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chess_operator.decide.fleet import Fleet, alive, players
from chess_operator.decide.replicaset_order import before, certain
from chess_operator.decide.values import DRAINED_COST, DRAINING_COST, Drain, Pod, Undrain
from chess_presence.census import Census

CLOSING_MS = 5_000
"""After its deadline a pod closes what is left; so long it may take until its record says so."""
STUCK_MS = 60_000
"""A pod that is this old and not ready is in the way, not on its way."""
CREATION_MS = 30_000
"""How long pods that were just ordered are waited for before others go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodChanges:
    """What is done to one colour's pods and replicas."""

    replicas: int
    drains: tuple[Drain, ...] = ()
    undrains: tuple[Undrain, ...] = ()
    costs: Mapping[str, int] = field(default_factory=dict)
    going: tuple[str, ...] = ()
    waits_for: tuple[str, ...] = ()
    """Names of the pods that would go in place of drained ones."""
    wakes_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the moves are made in."""

    fleet: Fleet
    census: Census
    deadline_ms: int
    """For drains that begin now."""
    last_scale_ms: int | None
    now_ms: int
    unobserved: int = 0
    """Live records of pods that are not observed: they may have been created, and hold players, already."""

    def drained(self, pod: Pod) -> bool:
        """Whether nobody loses anything with this pod: it says so, its time is over, or no server runs in it."""
        return self.census.empty(pod.uid) or self.overdue(pod) or not alive(pod, self.census)

    def overdue(self, pod: Pod) -> bool:
        """Whether a pod's deadline has passed, closing included."""
        return pod.drain_deadline_ms is not None and self.now_ms >= pod.drain_deadline_ms + CLOSING_MS

    def certain(self) -> bool:
        """Whether enough is known to let pods go: everyone has a record, but those whose time is over."""
        overdue = {pod.uid for pod in self.fleet.draining if self.overdue(pod)}
        known = not self.census.unreachable and overdue.issuperset(self.census.missing)
        workload = self.fleet.workload
        return known and not self.fleet.mixed and (workload is None or workload.observed)


def plan(scene: Scene, desired: int) -> PodChanges:
    """Move from what serves now to what should."""
    change = desired - scene.fleet.current
    mended = _mended(scene)
    if change > 0:
        moves = _out(scene, change)
    elif change < 0:
        moves = _in(scene, -change)
    else:
        moves = _settle(scene)
    touched = {one.uid for one in moves.drains} | {one.uid for one in moves.undrains}
    drains = (*moves.drains, *(one for one in mended.drains if one.uid not in touched))
    undrains = (*moves.undrains, *(one for one in mended.undrains if one.uid not in touched))
    return replace(
        moves,
        drains=drains,
        undrains=undrains,
        costs={uid: cost for uid, cost in _costs(scene).items() if uid not in touched},
        wakes_ms=(*moves.wakes_ms, *_deadlines(scene, drains)),
    )


def _out(scene: Scene, missing: int) -> PodChanges:
    """Take back whoever drains and lives, with the most players first; create the rest."""
    back = _returnable(scene)[:missing]
    return PodChanges(
        replicas=scene.fleet.ordered + missing - len(back),
        undrains=tuple(_undrain(scene, pod) for pod in back),
    )


def _in(scene: Scene, surplus: int) -> PodChanges:
    """Forgo what is not created yet; then drain whoever has the fewest players."""
    forgone = min(surplus, max(0, scene.fleet.uncreated - scene.unobserved))
    chosen = sorted(scene.fleet.serving, key=lambda pod: _cheapness(scene, pod))[: surplus - forgone]
    drains = tuple(_drain(scene, pod) for pod in chosen)
    lowered = _lower(scene, scene.fleet.ordered - forgone)
    return replace(lowered, drains=drains)


def _settle(scene: Scene) -> PodChanges:
    """Let drained pods go; where a broken one stands before them, it goes in place of a good one."""
    lowered = _lower(scene, scene.fleet.ordered)
    broken = _in_the_way(scene) if scene.certain() else ()
    if not broken:
        return lowered
    back = [pod for pod in _returnable(scene) if pod.uid not in lowered.going][: len(broken)]
    return PodChanges(
        replicas=lowered.replicas,
        drains=tuple(_drain(scene, pod) for pod in broken),
        undrains=tuple(_undrain(scene, pod) for pod in back),
        going=lowered.going,
    )


def _lower(scene: Scene, replicas: int) -> PodChanges:
    """Lower replicas by the drained pods that are certain to be picked."""
    fleet = scene.fleet
    ready_to_go = {
        pod.uid for pod in fleet.draining if scene.drained(pod) and pod.deletion_cost == DRAINED_COST
    }
    if not ready_to_go or not scene.certain():
        return PodChanges(replicas=replicas)
    creating_until = _creating_until(scene, replicas)
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
            if pod.created_at_ms + STUCK_MS > scene.now_ms
        ),
    )


def _creating_until(scene: Scene, replicas: int) -> int | None:
    """Until when pods that were just ordered are waited for: a new pod, not ready, would go first."""
    if replicas <= len(scene.fleet.kept) or scene.last_scale_ms is None:
        return None
    until = scene.last_scale_ms + CREATION_MS
    return until if until > scene.now_ms else None


def _in_the_way(scene: Scene) -> tuple[Pod, ...]:
    """Find serving pods that are broken, empty, and would be picked before a drained one."""
    gone = [pod for pod in scene.fleet.draining if scene.drained(pod) and pod.deletion_cost == DRAINED_COST]
    blocked = {pod.uid: pod for one in gone for pod in before(scene.fleet.serving, one)}
    broken = [pod for pod in blocked.values() if _stuck(scene, pod)]
    return tuple(sorted(broken, key=lambda pod: pod.name)[: len(gone)])


def _stuck(scene: Scene, pod: Pod) -> bool:
    old = scene.now_ms - pod.created_at_ms >= STUCK_MS
    return old and not pod.ready and players(pod, scene.census) == 0


def _returnable(scene: Scene) -> list[Pod]:
    """Find draining pods that could serve again at once, with the most players first. Only who is heard can hear."""
    good = [pod for pod in scene.fleet.draining if pod.ready and pod.uid in scene.census.connections]
    return sorted(good, key=lambda pod: (-players(pod, scene.census), pod.name))


def _cheapness(scene: Scene, pod: Pod) -> tuple[bool, int, bool, int, str]:
    """Dead pods first, then the fewest players; of equals the youngest, as a ReplicaSet would."""
    return alive(pod, scene.census), players(pod, scene.census), pod.ready, -pod.created_at_ms, pod.name


def _costs(scene: Scene) -> dict[str, int]:
    """Find the costs that differ from what the pods carry."""
    costs = {pod.uid: DRAINED_COST if scene.drained(pod) else DRAINING_COST for pod in scene.fleet.draining}
    costs |= {pod.uid: 0 for pod in scene.fleet.serving if pod.deletion_cost in (DRAINING_COST, DRAINED_COST)}
    return {
        pod.uid: costs[pod.uid]
        for pod in scene.fleet.kept
        if costs.get(pod.uid, pod.deletion_cost) != pod.deletion_cost
    }


def _mended(scene: Scene) -> PodChanges:
    """Make whole what is half done, or was undone by hand: the label and the annotation of a pod contradict."""
    drains = tuple(_drain(scene, pod) for pod in scene.fleet.draining if pod.serving)
    undrains = tuple(_undrain(scene, pod) for pod in scene.fleet.serving if not pod.serving)
    return PodChanges(replicas=0, drains=drains, undrains=undrains)


def _deadlines(scene: Scene, begun: tuple[Drain, ...]) -> tuple[int, ...]:
    """When pods that drain are overdue."""
    running = [pod.drain_deadline_ms for pod in scene.fleet.draining if pod.drain_deadline_ms is not None]
    ends = (deadline + CLOSING_MS for deadline in (*running, *(drain.deadline_ms for drain in begun)))
    return tuple(end for end in ends if end > scene.now_ms)


def _drain(scene: Scene, pod: Pod) -> Drain:
    deadline = scene.deadline_ms if pod.drain_deadline_ms is None else pod.drain_deadline_ms
    return Drain(
        uid=pod.uid,
        deadline_ms=deadline,
        resource_version=pod.resource_version,
        connections=players(pod, scene.census),
    )


def _undrain(scene: Scene, pod: Pod) -> Undrain:
    return Undrain(uid=pod.uid, connections=players(pod, scene.census))
