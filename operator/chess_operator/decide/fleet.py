"""One colour's pods, sorted by their part in a decision: they serve, they drain, or they are about to go."""

from dataclasses import dataclass

from chess_operator.api.resources.names import Colour
from chess_operator.decide.replicaset_order import in_order
from chess_operator.decide.values import Observed, Pod, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The pods that a Deployment has, and the replicas that it has been ordered to have."""

    workload: Workload | None
    serving: tuple[Pod, ...] = ()
    draining: tuple[Pod, ...] = ()
    surplus: tuple[Pod, ...] = ()
    """Pods beyond the ordered replicas: the ReplicaSet is about to delete them, so they no longer count."""

    @classmethod
    def of(cls, observed: Observed, colour: Colour) -> "Fleet":
        """Sort the active pods."""
        workload = observed.workloads.get(colour)
        if workload is None:
            return cls(workload=None)
        order = in_order(pod for pod in observed.of(colour) if pod.active)
        excess = max(0, len(order) - workload.replicas)
        kept = order[excess:]
        return cls(
            workload=workload,
            serving=tuple(pod for pod in kept if not pod.draining),
            draining=tuple(pod for pod in kept if pod.draining),
            surplus=tuple(order[:excess]),
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
        """Serving and draining pods: the ReplicaSet chooses from these."""
        return self.serving + self.draining

    @property
    def uncreated(self) -> int:
        """Ordered pods that do not exist yet."""
        return self.ordered - len(self.kept)

    @property
    def mixed(self) -> bool:
        """Whether pods of two templates exist: the Deployment rolls, and nobody can predict which pods it deletes."""
        rolling = self.workload is not None and self.workload.rolling
        return rolling or len({pod.revision for pod in (*self.kept, *self.surplus)}) > 1
