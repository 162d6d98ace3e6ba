"""What passes between the shell and `decide`: frozen values, no I/O, no Kubernetes types.

The shell fills `Observed` from its watches and a `Census` from Redis, `decide` answers with a `Decision`, and
the shell applies it. Times are epoch milliseconds of one clock: Redis TIME if a reading is at hand, else the operator's
own clock. Deadlines and heartbeats are Redis time: do not mix the two in one decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from chess_operator.api.resources.names import Colour

PodPhase = Literal["Pending", "Running", "Succeeded", "Failed", "Unknown"]

# Pod deletion costs, lowest first to go. Serving pods carry none (0). Two steps, so that of two draining pods
# the empty one goes first; each is written once, for constant updates of the cost load the API server.
DRAINING_COST = -1_000_000
DRAINED_COST = -2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One server pod, as the API server last reported it."""

    uid: str
    name: str
    colour: Colour
    revision: str
    resource_version: str
    phase: PodPhase
    scheduled: bool
    ready: bool
    created_at_ms: int
    running_since_ms: int | None = None
    """Start of the server container that runs now; None while none runs (Pending, CrashLoopBackOff, …)."""
    restarts: int = 0
    serving: bool = True
    """Has the label `chesscluster.dev/serving: "true"`."""
    deletion_cost: int = 0
    drain_deadline_ms: int | None = None
    """Annotation `chesscluster.dev/drain-deadline`; if it is set, this pod drains."""
    terminating: bool = False
    waiting: str | None = None
    """Why the server container waits (ImagePullBackOff, CrashLoopBackOff, …) or the pod is not scheduled."""

    @property
    def draining(self) -> bool:
        """Whether it is ordered to drain; its heartbeat reports whether it does."""
        return self.drain_deadline_ms is not None

    @property
    def active(self) -> bool:
        """Whether the ReplicaSet counts it: not ended and not being deleted."""
        return not self.terminating and self.phase not in ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One colour's Deployment."""

    colour: Colour
    replicas: int
    resource_version: str
    revision: str
    """Annotation `chesscluster.dev/revision` of its pod template: the hash that the template was made from."""
    observed: bool = True
    """Its controller has seen the latest change."""
    rolling: bool = False
    """It has pods of an older template, whoever changed it: `kubectl rollout restart` does not change the revision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """The ChessCluster and everything of it that exists now."""

    name: str
    namespace: str
    uid: str
    generation: int
    revision: str
    """`api.revision` of the spec: the hash that the spec asks for now."""
    workloads: Mapping[Colour, Workload] = field(default_factory=lambda: MappingProxyType({}))
    pods: tuple[Pod, ...] = ()

    def of(self, colour: Colour) -> tuple[Pod, ...]:
        """All pods of one colour, also ended and terminating ones."""
        return tuple(pod for pod in self.pods if pod.colour == colour)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleEvent:
    """A change of the serving replicas that was ordered; `change` is negative for scale-in."""

    at_ms: int
    change: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """Wanted replicas, a step function: `low` to `high` just after `at_ms`, then `last` until the next."""

    at_ms: int
    low: int
    high: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a decision must remember. `scaling.history` stores it in the status, except `last`."""

    recommendations: tuple[Recommendation, ...] = ()
    events: tuple[ScaleEvent, ...] = ()
    failing_since_ms: int | None = None
    """Since when no census has been complete."""
    idle_since_ms: int | None = None
    """Since when a complete census has shown no connection."""
    last_scale_ms: int | None = None
    last: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Connections by pod uid when last seen, for `census.take(last=…)`. In memory only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainOrder:
    """Begin a drain: set annotation and cost and remove the serving label in one patch, then mark it in Redis."""

    uid: str
    deadline_ms: int
    resource_version: str
    connections: int
    deletion_cost: int = DRAINING_COST


@dataclass(frozen=True, slots=True, kw_only=True)
class UndrainOrder:
    """Undo a drain: remove the mark in Redis, then annotation and cost, and restore the label, in one patch."""

    uid: str
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPlan:
    """What one colour's Deployment should be."""

    replicas: int
    weight: int
    template: Literal["keep", "render"]
    """keep: apply the live template again; render: make it from the spec."""
    guard: str | None = None
    """The Deployment's resourceVersion that the write must carry; set if replicas go down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition's status, reason (CamelCase) and message."""

    status: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """The conditions that follow from a decision; `report.conditions` makes the others (Ready, Available, …)."""

    able_to_scale: Condition
    scaling_active: Condition
    scaling_limited: Condition
    fallback: Condition
    draining: Condition
    rollout_pending: Condition
    paused: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is to be done, and why. Usually nothing: the plans are what is observed."""

    plans: Mapping[Colour, DeploymentPlan]
    desired: int
    """Serving replicas after this decision; draining pods come on top until they are gone."""
    wanted: int | None
    """What the load, or with External spec.replicas, asks for before limits; None if it is unknown."""
    reason: str
    message: str
    conditions: Conditions
    history: History
    drains: tuple[DrainOrder, ...] = ()
    undrains: tuple[UndrainOrder, ...] = ()
    deletion_costs: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Pod uid → cost to write, for pods that have another one."""
    going: tuple[str, ...] = ()
    """Uids of the pods that the lowered replicas should remove."""
    wake_at_ms: int | None = None
    """Decide again at this time at the latest, even if nothing happens."""
