"""The census: records + the pods that should have one → live connections per pod. Pure.

No records does not mean no players: Redis is empty after a restart. So a census is *complete* only if every pod that
has been running for longer than one heartbeat has a live record, and an incomplete one never justifies scaling in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from chess_presence.records import HEARTBEAT_SECONDS, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A Running pod, and since when (epoch milliseconds)."""

    uid: str
    running_since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """Live connections per pod, and which pods are missing."""

    connections: Mapping[str, int] = field(default_factory=dict)
    games: Mapping[str, int] = field(default_factory=dict)
    draining: frozenset[str] = frozenset()
    missing: Mapping[str, int] = field(default_factory=dict)
    """Pods without a live record → their last known connections, 0 if none were ever known."""
    unreachable: bool = False
    """The registry could not be read."""

    @property
    def complete(self) -> bool:
        """Whether every pod that should have a record has one."""
        return not self.missing and not self.unreachable

    @property
    def total(self) -> int:
        """Connections for scaling out: a missing pod counts as 0."""
        return sum(self.connections.values())

    @property
    def ceiling(self) -> int:
        """Connections for scaling in: a missing pod counts with its last known value."""
        return self.total + sum(self.missing.values())

    def empty(self, pod_uid: str) -> bool:
        """Whether the pod's record says that it drains and holds no connection."""
        return pod_uid in self.draining and self.connections[pod_uid] == 0


def take(
    reading: Reading | None,
    *,
    expected: Iterable[Expected],
    last: Mapping[str, int],
    now_ms: int,
    heartbeat_ms: int = round(HEARTBEAT_SECONDS * 1000),
) -> Census:
    """Draw the census. A pod without a record is missing if it had one before, or once its first heartbeat is due.

    `reading` is None if the registry could not be read. `last` holds the last known connections per pod; `now_ms` is of
    the same clock as `running_since_ms`. A live record of a pod that is not expected (the pod cache lags) counts too:
    it has players.
    """
    records = {} if reading is None else reading.records
    missing = {
        pod.uid: last.get(pod.uid, 0)
        for pod in expected
        if pod.uid not in records and (pod.uid in last or now_ms - pod.running_since_ms > heartbeat_ms)
    }
    return Census(
        connections={uid: record.connections for uid, record in records.items()},
        games={uid: record.games for uid, record in records.items()},
        draining=frozenset(uid for uid, record in records.items() if record.draining),
        missing=missing,
        unreachable=reading is None,
    )
