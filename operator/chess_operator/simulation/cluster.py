"""A Deployment, its ReplicaSet and its pods, as far as `decide` sees them, with players. The caller is the clock.

Players arrive at the least loaded ready pod. A pod runs and is ready `start_ms` after its creation; one that drains has
handed its players over after `handover_ms`. Deletion follows the ReplicaSet's order; `tie` breaks ties, on which nobody
may rely.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chess_operator.api.resources.names import Colour
from chess_operator.decide.replicaset_order import rank
from chess_operator.decide.values import Decision, Observed, Pod, Workload
from chess_presence.census import Census

_REVISION = "simulated"


class ConflictError(RuntimeError):
    """A guarded write carried another version than the current one."""


@dataclass(slots=True, kw_only=True)
class SimulatedCluster:
    """What exists. Mutable, because decisions act on it."""

    start_ms: int = 1_500
    handover_ms: int = 30_000
    tie: Callable[[Pod], object] = field(default=lambda pod: pod.uid)
    breaks: Callable[[Pod], bool] = field(default=lambda _: False)
    """Pods that never start."""
    now_ms: int = 0
    replicas: int | None = None
    pods: dict[str, Pod] = field(default_factory=dict)
    players: dict[str, int] = field(default_factory=dict)
    unserved: int = 0
    """Players without a ready pod."""
    deleted: list[tuple[Pod, int]] = field(default_factory=list)
    """Deleted pods, each with the players that it still had."""
    _drains: dict[str, int] = field(default_factory=dict)
    _born: int = 0
    _version: int = 0

    def observed(self) -> Observed:
        """Return what the shell would observe."""
        workloads: dict[Colour, Workload] = {}
        if self.replicas is not None:
            version = f"d{self._version}"
            workloads = {
                "blue": Workload(
                    colour="blue", replicas=self.replicas, resource_version=version, revision=_REVISION
                )
            }
        return Observed(
            name="simulated",
            namespace="default",
            uid="cluster",
            generation=1,
            revision=_REVISION,
            workloads=workloads,
            pods=tuple(self.pods.values()),
        )

    def census(self) -> Census:
        """Return what the heartbeats would report."""
        running = [pod for pod in self.pods.values() if pod.running_since_ms is not None]
        return Census(
            connections={pod.uid: self.players.get(pod.uid, 0) for pod in running},
            draining=frozenset(pod.uid for pod in running if pod.draining),
        )

    def load(self, players: int) -> None:
        """Let players come and go until there are this many."""
        change = players - sum(self.players.values()) - self.unserved
        self.unserved += change
        while self.unserved < 0 and any(self.players.values()):
            fullest = max(self.players, key=lambda uid: self.players[uid])
            self.players[fullest] -= 1
            self.unserved += 1
        self._seat()

    def advance(self, to_ms: int) -> None:
        """Let time pass: pods start, drains end."""
        self.now_ms = to_ms
        for uid, pod in self.pods.items():
            if not pod.ready and to_ms >= pod.created_at_ms + self.start_ms and not self.breaks(pod):
                self.pods[uid] = replace(
                    pod,
                    phase="Running",
                    scheduled=True,
                    ready=True,
                    running_since_ms=to_ms,
                )
        for uid in [uid for uid, begun in self._drains.items() if to_ms >= begun + self.handover_ms]:
            self.unserved += self.players.pop(uid, 0)
        self._seat()

    def next_ms(self) -> int | None:
        """When something happens next by itself."""
        starts = [pod.created_at_ms + self.start_ms for pod in self.pods.values() if not pod.ready]
        ends = [begun + self.handover_ms for uid, begun in self._drains.items() if self.players.get(uid)]
        return min((moment for moment in (*starts, *ends) if moment > self.now_ms), default=None)

    def apply(self, decision: Decision) -> None:
        """Apply a decision, as the shell and the controllers would."""
        plan = decision.plans["blue"]
        if plan.guard is not None and plan.guard != f"d{self._version}":
            raise ConflictError(plan.guard)
        for drain in decision.drains:
            self._patch(
                drain.uid,
                serving=False,
                drain_deadline_ms=drain.deadline_ms,
                deletion_cost=drain.deletion_cost,
            )
            self._drains.setdefault(drain.uid, self.now_ms)
        for undrain in decision.undrains:
            self._patch(undrain.uid, serving=True, drain_deadline_ms=None, deletion_cost=0)
            self._drains.pop(undrain.uid, None)
        for uid, cost in decision.deletion_costs.items():
            self._patch(uid, deletion_cost=cost)
        if plan.replicas != self.replicas:
            self.replicas = plan.replicas
            self._version += 1
        self._reconcile()
        self._seat()

    def _patch(self, uid: str, **changes: object) -> None:
        self.pods[uid] = replace(self.pods[uid], **changes)  # type: ignore[arg-type]  # the callers name Pod's fields

    def _reconcile(self) -> None:
        """Act as the ReplicaSet controller."""
        wanted = self.replicas or 0
        while len(self.pods) < wanted:
            self._create()
        for pod in sorted(self.pods.values(), key=lambda pod: (rank(pod), self.tie(pod)))[
            : len(self.pods) - wanted
        ]:
            self._delete(pod)

    def _create(self) -> None:
        self._born += 1
        uid = f"pod-{self._born:04}"
        self.pods[uid] = Pod(
            uid=uid,
            name=uid,
            colour="blue",
            revision=_REVISION,
            resource_version="1",
            phase="Pending",
            scheduled=True,
            ready=False,
            created_at_ms=self.now_ms,
        )

    def _delete(self, pod: Pod) -> None:
        left = self.players.pop(pod.uid, 0)
        self.deleted.append((pod, left))
        self.unserved += left
        self._drains.pop(pod.uid, None)
        del self.pods[pod.uid]

    def _seat(self) -> None:
        """Seat the players who wait, each at the least loaded pod."""
        open_pods = [uid for uid, pod in self.pods.items() if pod.ready and pod.serving]
        while self.unserved > 0 and open_pods:
            emptiest = min(open_pods, key=lambda uid: self.players.get(uid, 0))
            self.players[emptiest] = self.players.get(emptiest, 0) + 1
            self.unserved -= 1
