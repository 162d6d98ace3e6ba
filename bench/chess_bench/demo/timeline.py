"""What happened to the cluster during the demo: takes watch events and heartbeats. Pure.

All times are of one monotonic clock, the fleet's.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from chess_bench.cluster.objects import DRAIN_DEADLINE
from chess_bench.demo.steps import Steps
from chess_presence.records import Heartbeat

FRESH_SECONDS = 30.0
"""For how long a heartbeat says what its pod holds: afterwards that is unknown, which is not 0."""
LAG_SECONDS = 0.25
"""How late a heartbeat may be read that was written before its pod's deletion was reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleOut:
    """The Deployment got more replicas."""

    at: float
    before: int
    after: int
    reaction_seconds: float | None
    """Since the first of its steps was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleIn:
    """A pod was drained: what it held when it was marked, and when it was deleted; None: unknown."""

    pod: str
    marked_at: float
    connections_when_marked: int | None
    games_when_marked: int | None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorPod:
    """A pod of the operator, and how often it had restarted when it was first seen and has by now."""

    name: str
    restarted_before: int
    restarted: int

    @property
    def restarts(self) -> int:
        """How often it has restarted during the run."""
        return self.restarted - self.restarted_before


@dataclass(slots=True)
class Timeline:
    """The cluster as the watches have reported it so far."""

    steps: Steps
    replicas: int = 0
    """Not known before there is a point of the curve."""
    ready: int = 0
    status: dict[str, Any] = field(default_factory=dict)
    curve: list[Replicas] = field(default_factory=list)
    scale_outs: list[ScaleOut] = field(default_factory=list)
    scale_ins: dict[str, ScaleIn] = field(default_factory=dict)
    unmarked_deletions: list[str] = field(default_factory=list)
    restarts: dict[str, int] = field(default_factory=dict)
    operators: dict[str, OperatorPod] = field(default_factory=dict)
    """The operator's pods by uid; there is one, unless it was replaced meanwhile."""
    heartbeats: dict[str, tuple[float, Heartbeat]] = field(default_factory=dict)
    """Pod uid → the last heartbeat, and when it was read."""
    pods: dict[str, str] = field(default_factory=dict)
    were_ready: dict[str, str] = field(default_factory=dict)
    """Pod uid → name, of each pod that was ever ready."""

    @property
    def census(self) -> int | None:
        """Connections, as the pods report them; None while a pod has not reported."""
        if not self.pods or not self.pods.keys() <= self.heartbeats.keys():
            return None
        return sum(self.heartbeats[uid][1].connections for uid in self.pods)

    @property
    def silent(self) -> list[str]:
        """Pods that were ready and of which no heartbeat was ever read."""
        return [name for uid, name in self.were_ready.items() if uid not in self.heartbeats]

    @property
    def draining(self) -> int:
        """Pods that drain now."""
        return sum(1 for item in self.scale_ins.values() if item.deleted_at is None and not item.undrained)

    def deployment(self, now: float, deployment: Mapping[str, Any]) -> None:
        """Take the current Deployment."""
        replicas = deployment["spec"].get("replicas", 1)
        ready = deployment.get("status", {}).get("readyReplicas", 0)
        due_since = self.steps.replicas(now, replicas)
        if self.curve and replicas > self.replicas:
            reaction = None if due_since is None else now - due_since
            self.scale_outs.append(
                ScaleOut(at=now, before=self.replicas, after=replicas, reaction_seconds=reaction)
            )
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
        if any(one["type"] == "Ready" and one["status"] == "True" for one in _conditions(pod)):
            self.were_ready[uid] = name
        self.restarts[name] = _restarts(pod)
        self._marked(now, uid, name, marked=DRAIN_DEADLINE in metadata.get("annotations", {}))

    def listed(self, now: float, pods: Iterable[Mapping[str, Any]]) -> None:
        """Take all server pods that there are: those that a watch did not report as deleted before it ended, are."""
        there = {pod["metadata"]["uid"] for pod in pods}
        for uid, name in list(self.pods.items()):
            if uid not in there:
                self._deleted(now, uid, name)

    def operator(self, kind: str, pod: Mapping[str, Any]) -> None:
        """Take the current state of a pod of the operator."""
        metadata, restarted = pod["metadata"], _restarts(pod)
        if kind != "DELETED" and "deletionTimestamp" not in metadata:
            known = self.operators.get(metadata["uid"])
            before = known.restarted_before if known else restarted
            self.operators[metadata["uid"]] = OperatorPod(
                name=metadata["name"], restarted_before=before, restarted=restarted
            )

    def presence(self, now: float, heartbeats: Iterable[Heartbeat]) -> None:
        """Take the pods' heartbeats."""
        for beat in heartbeats:
            self.heartbeats[beat.uid] = now, beat
            self._held_when_deleted(now, beat)

    def counted(self, now: float, uid: str, connections: int) -> None:
        """Take a pod's connections, which come a little before the whole heartbeat."""
        if uid in self.heartbeats:
            games = min(self.heartbeats[uid][1].games, connections)
            self.presence(now, [replace(self.heartbeats[uid][1], connections=connections, games=games)])

    def _held_when_deleted(self, now: float, beat: Heartbeat) -> None:
        known = self.scale_ins.get(beat.uid)
        if known and known.deleted_at is not None and now - known.deleted_at <= LAG_SECONDS:
            self.scale_ins[beat.uid] = dataclasses.replace(
                known, connections_when_deleted=beat.connections, games_when_deleted=beat.games
            )

    def load(self, uid: str, now: float) -> tuple[int | None, int | None]:
        """Return the connections and games of a pod by its last heartbeat; None if there is no recent one."""
        read_at, beat = self.heartbeats.get(uid, (now, None))
        return (beat.connections, beat.games) if beat and now - read_at <= FRESH_SECONDS else (None, None)

    def _marked(self, now: float, uid: str, name: str, *, marked: bool) -> None:
        known = self.scale_ins.get(uid)
        if marked and (known is None or known.undrained):
            connections, games = self.load(uid, now)
            self.scale_ins[uid] = ScaleIn(
                pod=name, marked_at=now, connections_when_marked=connections, games_when_marked=games
            )
        elif known and not marked:
            self.scale_ins[uid] = dataclasses.replace(known, undrained=True)

    def _deleted(self, now: float, uid: str, name: str) -> None:
        was_there = self.pods.pop(uid, None) is not None
        known = self.scale_ins.get(uid)
        if known is None or known.undrained:
            self.unmarked_deletions += [name] if was_there else []
        elif known.deleted_at is None:
            connections, games = self.load(uid, now)
            self.scale_ins[uid] = dataclasses.replace(
                known, deleted_at=now, connections_when_deleted=connections, games_when_deleted=games
            )


def _restarts(pod: Mapping[str, Any]) -> int:
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return sum(status.get("restartCount", 0) for status in statuses)


def _conditions(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pod.get("status", {}).get("conditions", [])
    return found
