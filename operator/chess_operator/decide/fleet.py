"""One colour's pods, sorted by what they are to a decision."""

from dataclasses import dataclass

from chess_operator.api.model import ChessClusterSpec
from chess_operator.decide.replicaset_order import in_order
from chess_operator.decide.values import Colour, Observed, Pod, Workload
from chess_presence.census import Census


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What a Deployment has, and what it has been ordered to have."""

    workload: Workload | None
    serving: tuple[Pod, ...] = ()
    draining: tuple[Pod, ...] = ()
    surplus: tuple[Pod, ...] = ()
    """More pods than ordered: the ReplicaSet is about to delete these, they count no more."""

    @classmethod
    def of(cls, observed: Observed, colour: Colour) -> "Fleet":
        """Sort the active pods."""
        workload = observed.workloads.get(colour)
        if workload is None:
            return cls(workload=None)
        order = in_order(pod for pod in observed.of(colour) if pod.active)
        surplus = max(0, len(order) - workload.replicas)
        kept = order[surplus:]
        return cls(
            workload=workload,
            serving=tuple(pod for pod in kept if not pod.draining),
            draining=tuple(pod for pod in kept if pod.draining),
            surplus=tuple(order[:surplus]),
        )

    @property
    def ordered(self) -> int:
        """The Deployment's replicas."""
        return 0 if self.workload is None else self.workload.replicas

    @property
    def current(self) -> int:
        """How many replicas are meant to serve now: ordered ones less those that drain."""
        return self.ordered - len(self.draining)

    @property
    def kept(self) -> tuple[Pod, ...]:
        """Serving and draining pods: what the ReplicaSet would choose from."""
        return self.serving + self.draining

    @property
    def uncreated(self) -> int:
        """Ordered pods that do not exist yet."""
        return self.ordered - len(self.kept)

    @property
    def mixed(self) -> bool:
        """Whether pods of two templates exist: the Deployment is rolling, and what it deletes cannot be foretold."""
        rolling = self.workload is not None and self.workload.rolling
        return rolling or len({pod.revision for pod in (*self.kept, *self.surplus)}) > 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What one decision is about."""

    spec: ChessClusterSpec
    observed: Observed
    fleet: Fleet
    census: Census
    now_ms: int


def alive(pod: Pod, census: Census) -> bool:
    """Whether a server runs in the pod, or did within the life of its last record."""
    return pod.running_since_ms is not None or pod.uid in census.connections


def players(pod: Pod, census: Census) -> int:
    """Count a pod's connections, at their last known number where it is missing."""
    return census.connections.get(pod.uid, census.missing.get(pod.uid, 0))
