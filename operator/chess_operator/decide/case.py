"""What one decision is made from: all that is known, with the questions that more than one step asks of it."""

from dataclasses import dataclass

from chess_operator.api.model import ChessClusterSpec
from chess_operator.decide.fleet import Fleet
from chess_operator.decide.values import History, Observed, Pod
from chess_presence.census import Census

CLOSING_MS = 5_000
"""A pod closes its last connections at its deadline; its record may take this long to show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The spec, what is observed, what is counted, what is remembered, and the time."""

    spec: ChessClusterSpec
    observed: Observed
    fleet: Fleet
    census: Census
    history: History
    """As the last decision left it, brought up to now."""
    now_ms: int

    @property
    def deadline_ms(self) -> int:
        """The deadline of drains that begin now."""
        return self.now_ms + self.spec.drain.deadline_seconds * 1000

    @property
    def unobserved(self) -> int:
        """Live records of pods that are not observed: such pods may exist, and hold players, already."""
        return len(self.census.connections.keys() - {pod.uid for pod in self.observed.pods})

    @property
    def certain(self) -> bool:
        """Whether enough is known to let pods go: every pod has a record, except those that are overdue."""
        overdue = {pod.uid for pod in self.fleet.draining if self.overdue(pod)}
        known = not self.census.unreachable and overdue.issuperset(self.census.missing)
        workload = self.fleet.workload
        return known and not self.fleet.mixed and (workload is None or workload.observed)

    def alive(self, pod: Pod) -> bool:
        """Whether a server runs in the pod, or ran within the life of its last record."""
        return pod.running_since_ms is not None or pod.uid in self.census.connections

    def players(self, pod: Pod) -> int:
        """Count a pod's connections; of a pod without a record, the last known ones."""
        return self.census.connections.get(pod.uid, self.census.missing.get(pod.uid, 0))

    def drained(self, pod: Pod) -> bool:
        """Whether nobody loses anything with this pod: it reports so, it is overdue, or no server runs in it."""
        return self.census.empty(pod.uid) or self.overdue(pod) or not self.alive(pod)

    def overdue(self, pod: Pod) -> bool:
        """Whether a pod's deadline has passed, the time for closing included."""
        return pod.drain_deadline_ms is not None and self.now_ms >= pod.drain_deadline_ms + CLOSING_MS
