"""`spec.scaling`: how many replicas serve. Names and defaults are HPA's, Agones' and KEDA's where they have one."""

import re
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from chess_operator.api.model.rules import Model, Rule
from chess_operator.api.model.scalars import PERCENT, QUANTITY, IntOrPercent, Quantity, Replicas, amount

MAX_BUFFER = 10_000_000
_BUFFER_CEL = (
    "type(self.bufferSize) == int ? self.bufferSize >= 0 && self.bufferSize <= 10000000 "
    f": self.bufferSize.matches('{PERCENT}')"
)
CRON = r"^\S+ +\S+ +\S+ +\S+ +\S+$"


def _buffer_is_valid(scaling: Any) -> bool:
    size = scaling.buffer_size
    return 0 <= size <= MAX_BUFFER if isinstance(size, int) else re.match(PERCENT, size) is not None


def _tolerance_is_valid(rules: Any) -> bool:
    return rules.tolerance is None or amount(rules.tolerance) <= 1


class Policy(Model):
    """How much may change within a period."""

    type: Literal["Pods", "Percent"] = Field(description="What value counts.")
    value: Annotated[int, Field(ge=1, le=100_000)] = Field(description="How much may be added or removed.")
    period_seconds: Annotated[int, Field(ge=1, le=1800)] = Field(description="Within this period.")


class ScalingRules(Model):
    """One direction of `behavior`; what is not given has HPA's default."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"!has(self.tolerance) || (string(self.tolerance).matches('{QUANTITY}') "
            "&& quantity(string(self.tolerance)).compareTo(quantity('1')) <= 0)",
            _tolerance_is_valid,
            "tolerance {tolerance} is not valid; use a fraction from 0 to 1, such as 0.1 or 50m",
            "tolerance",
        ),
    )

    stabilization_window_seconds: Annotated[int, Field(ge=0, le=3600)] | None = Field(
        default=None,
        description="How long past recommendations count, to avoid flapping. Default: 0 up, 300 down.",
    )
    select_policy: Literal["Max", "Min", "Disabled"] = Field(
        default="Max", description="Which policy counts; Disabled forbids this direction."
    )
    policies: Annotated[tuple[Policy, ...], Field(min_length=1, max_length=8)] | None = Field(
        default=None, description="Default: up 4 pods or 100 % in 15 s, down 100 % in 15 s."
    )
    tolerance: Quantity | None = Field(
        default=None,
        description="By what fraction the load may differ from what the replicas are meant for before "
        "anything changes. Default: 0.1.",
    )


class Behavior(Model):
    """HPA's `behavior`, semantics included."""

    scale_up: ScalingRules = Field(default=ScalingRules(), description="How replicas are added.")
    scale_down: ScalingRules = Field(default=ScalingRules(), description="How replicas are removed.")


class Fallback(Model):
    """What happens while the connections are not known. Replicas are never removed then."""

    failure_threshold: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=3, description="Heartbeats (5 s each) without a complete census before it applies."
    )
    behavior: Literal["currentReplicas", "currentReplicasIfHigher"] = Field(
        default="currentReplicasIfHigher",
        description="KEDA's: keep what there is, or raise to `replicas` where that is more. "
        "KEDA's other two would remove replicas, which an unknown number of players never justifies.",
    )
    replicas: Replicas = Field(
        default=0, description="The fewest that serve while the fallback applies, within maxReplicas."
    )


class Schedule(Model):
    """Other limits for a while, such as a tournament evening or a closed night."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.minReplicas) || has(self.maxReplicas)",
            lambda schedule: schedule.min_replicas is not None or schedule.max_replicas is not None,
            "a schedule changes nothing without minReplicas or maxReplicas; give at least one",
        ),
        Rule(
            "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
            lambda schedule: (
                None in (schedule.min_replicas, schedule.max_replicas)
                or schedule.min_replicas <= schedule.max_replicas
            ),
            "maxReplicas {maxReplicas} is less than minReplicas {minReplicas}; it must be at least as much",
            "maxReplicas",
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")] = (
        Field(description="Names it in conditions.")
    )
    timezone: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$")] = Field(
        default="Etc/UTC", description="IANA name, such as Europe/Berlin."
    )
    start: Annotated[str, Field(min_length=9, max_length=128, pattern=CRON)] = Field(
        description="Five cron fields: minute, hour, day of month, month, day of week."
    )
    duration_seconds: Annotated[int, Field(ge=60, le=604_800)] = Field(description="How long it applies.")
    min_replicas: Replicas | None = Field(
        default=None,
        description="Replaces scaling.minReplicas. 0 closes the service: the last replica goes when it has been "
        "empty for cooldownPeriodSeconds, and comes back when the schedule ends.",
    )
    max_replicas: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="Replaces scaling.maxReplicas."
    )


def _schedules_fit(scaling: "Scaling") -> bool:
    return all(
        (one.min_replicas if one.min_replicas is not None else scaling.min_replicas)
        <= (one.max_replicas if one.max_replicas is not None else scaling.max_replicas)
        for one in scaling.schedules
    )


class Scaling(Model):
    """wanted = ceil((connections + buffer) / target), within the limits, slowed by `behavior`."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.minReplicas <= self.maxReplicas",
            lambda scaling: scaling.min_replicas <= scaling.max_replicas,
            "maxReplicas {maxReplicas} is less than minReplicas {minReplicas}; it must be at least as much",
            "maxReplicas",
        ),
        Rule(
            "self.targetConnectionsPerReplica <= self.maxConnectionsPerReplica",
            lambda scaling: scaling.target_connections_per_replica <= scaling.max_connections_per_replica,
            "targetConnectionsPerReplica {targetConnectionsPerReplica} is more than maxConnectionsPerReplica "
            "{maxConnectionsPerReplica}, above which a replica refuses; it must be at most that",
            "targetConnectionsPerReplica",
        ),
        Rule(
            _BUFFER_CEL,
            _buffer_is_valid,
            "bufferSize {bufferSize} is not valid; use a number of connections from 0 to 10000000, or 0% to 99%",
            "bufferSize",
        ),
        Rule(
            "!has(self.schedules) || self.schedules.all(s, (has(s.minReplicas) ? s.minReplicas : self.minReplicas) "
            "<= (has(s.maxReplicas) ? s.maxReplicas : self.maxReplicas))",
            _schedules_fit,
            "a schedule would leave maxReplicas below minReplicas "
            "(a limit that it does not set stays as it is: {minReplicas} to {maxReplicas})",
            "schedules",
        ),
    )

    mode: Literal["Connections", "External"] = Field(
        default="Connections",
        description="Connections: this operator scales on live connections. External: spec.replicas applies, as an HPA "
        "or `kubectl scale` sets it; the other fields of scaling have no effect, and this operator only drains.",
    )
    min_replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=2,
        description="At least 1: without a replica nothing notices a waiting player. Only a schedule may allow 0.",
    )
    max_replicas: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=10, description="The most that serve; draining pods come on top."
    )
    max_connections_per_replica: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=3000, description="A replica refuses further connections with 503."
    )
    target_connections_per_replica: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=2000, description="The connections per replica to aim for."
    )
    buffer_size: IntOrPercent = Field(
        default="10%",
        description="Spare capacity: connections, or a percentage of the capacity by Agones' "
        "formula ceil(connections * 100 / (100 - percentage)).",
    )
    cooldown_period_seconds: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=300,
        description="How long there must have been no connection before the last replica goes, if a schedule allows 0.",
    )
    behavior: Behavior = Behavior()
    fallback: Fallback = Fallback()
    schedules: Annotated[
        tuple[Schedule, ...], Field(max_length=16, json_schema_extra={"x-list-key": "name"})
    ] = Field(default=(), description="If several apply, the first in the list counts.")


def fraction(tolerance: Quantity | None) -> Decimal:
    """Read a tolerance as a number; HPA's default where none is given."""
    return Decimal("0.1") if tolerance is None else amount(tolerance)
