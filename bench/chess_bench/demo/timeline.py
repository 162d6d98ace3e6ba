"""What happened to the cluster during the demo: takes watch events and heartbeats. Pure.

All times are of one monotonic clock, the fleet's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chess_bench.cluster.objects import DRAIN_DEADLINE
from chess_presence.records import Heartbeat


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleOut:
    """The Deployment got more replicas."""

    at: float
    before: int
    after: int
    reaction_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleIn:
    """A pod was drained: what it held when it was marked, and when it was deleted."""

    pod: str
    marked_at: float
    connections_when_marked: int
    games_when_marked: int
    deleted_at: float | None = None
    connections_when_deleted: int | None = None
    games_when_deleted: int | None = None
    undrained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """One point of the curve."""

    at: float
    replicas: int
    ready: int


@dataclass(slots=True)
class Timeline:
    """The cluster as the watches have reported it so far."""

    needed_since: Callable[[int, float, float], float | None]
    """Given replicas, since and until: when the connections first needed that many."""
    replicas: int = 0
    ready: int = 0
    status: dict[str, Any] = field(default_factory=dict)
    curve: list[Replicas] = field(default_factory=list)
    scale_outs: list[ScaleOut] = field(default_factory=list)
    scale_ins: dict[str, ScaleIn] = field(default_factory=dict)
    unmarked_deletions: list[str] = field(default_factory=list)
    restarts: dict[str, int] = field(default_factory=dict)
    heartbeats: dict[str, Heartbeat] = field(default_factory=dict)
    pods: dict[str, str] = field(default_factory=dict)
    _below_since: dict[int, float] = field(default_factory=dict)

    @property
    def census(self) -> int:
        """Connections, as the pods report them."""
        return sum(beat.connections for uid, beat in self.heartbeats.items() if uid in self.pods)

    @property
    def draining(self) -> int:
        """Pods that drain now."""
        return sum(1 for item in self.scale_ins.values() if item.deleted_at is None and not item.undrained)

    def deployment(self, now: float, deployment: Mapping[str, Any]) -> None:
        """Take the current Deployment."""
        replicas = deployment["spec"].get("replicas", 1)
        ready = deployment.get("status", {}).get("readyReplicas", 0)
        if self.curve and replicas > self.replicas:
            self._scaled_out(now, replicas)
        elif replicas < self.replicas:
            for number in range(replicas + 1, self.replicas + 1):
                self._below_since[number] = now
        if not self.curve or (replicas, ready) != (self.replicas, self.ready):
            self.curve.append(Replicas(at=now, replicas=replicas, ready=ready))
        self.replicas, self.ready = replicas, ready

    def cluster(self, _now: float, chess_cluster: Mapping[str, Any]) -> None:
        """Take the ChessCluster's status."""
        self.status = dict(chess_cluster.get("status", {}))

    def pod(self, now: float, kind: str, pod: Mapping[str, Any]) -> None:
        """Take the current state of a server pod."""
        metadata = pod["metadata"]
        uid, name = metadata["uid"], metadata["name"]
        going = kind == "DELETED" or "deletionTimestamp" in metadata
        if going:
            self._deleted(now, uid, name)
            return
        self.pods[uid] = name
        statuses = pod.get("status", {}).get("containerStatuses", [])
        self.restarts[name] = sum(status.get("restartCount", 0) for status in statuses)
        self._marked(now, uid, name, marked=DRAIN_DEADLINE in metadata.get("annotations", {}))

    def presence(self, heartbeats: Iterable[Heartbeat]) -> None:
        """Take the pods' heartbeats."""
        for beat in heartbeats:
            self.heartbeats[beat.uid] = beat

    def load(self, uid: str) -> tuple[int, int]:
        """Return the connections and games of a pod by its last heartbeat."""
        beat = self.heartbeats.get(uid)
        return (beat.connections, beat.games) if beat else (0, 0)

    def _scaled_out(self, now: float, replicas: int) -> None:
        since = self._below_since.get(replicas, self.curve[0].at)
        needed = self.needed_since(replicas, since, now)
        reaction = None if needed is None else now - needed
        self.scale_outs.append(
            ScaleOut(at=now, before=self.replicas, after=replicas, reaction_seconds=reaction)
        )

    def _marked(self, now: float, uid: str, name: str, *, marked: bool) -> None:
        known = self.scale_ins.get(uid)
        if marked and (known is None or known.undrained):
            connections, games = self.load(uid)
            self.scale_ins[uid] = ScaleIn(
                pod=name, marked_at=now, connections_when_marked=connections, games_when_marked=games
            )
        elif known and not marked:
            self.scale_ins[uid] = replace(known, undrained=True)

    def _deleted(self, now: float, uid: str, name: str) -> None:
        was_there = self.pods.pop(uid, None) is not None
        known = self.scale_ins.get(uid)
        if known is None or known.undrained:
            self.unmarked_deletions += [name] if was_there else []
        elif known.deleted_at is None:
            connections, games = self.load(uid)
            self.scale_ins[uid] = replace(
                known, deleted_at=now, connections_when_deleted=connections, games_when_deleted=games
            )


def first_crossing(
    history: Iterable[tuple[float, int]], enough: Callable[[int], bool], since: float, until: float
) -> float | None:
    """Return when in the span there were first enough connections; `since` if there were enough before it."""
    state = False
    for at, connections in history:
        if at > until:
            break
        if at <= since:
            state = enough(connections)
        elif enough(connections):
            return since if state else at
    return since if state else None
