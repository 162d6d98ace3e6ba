"""`status`: what the operator reports. Only its shape: `report.status` makes it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from chess_operator.api.model.rules import Model
from chess_operator.api.resources.names import Colour

Int64 = Annotated[int, Field(ge=0, json_schema_extra={"format": "int64"})]
Int32 = Annotated[int, Field(ge=0, json_schema_extra={"format": "int32"})]
Reason = Annotated[str, Field(max_length=128)]
Message = Annotated[str, Field(max_length=4096)]

Phase = Literal["Pending", "Running", "Scaling", "Draining", "Paused", "Degraded", "Deleting"]
CONDITIONS = (
    "Ready",
    "Available",
    "Progressing",
    "AbleToScale",
    "ScalingActive",
    "ScalingLimited",
    "Fallback",
    "Draining",
    "RolloutPending",
    "Paused",
    "Degraded",
)


class ConditionStatus(Model):
    """metav1.Condition."""

    type: Annotated[str, Field(max_length=316, pattern=r"^[A-Za-z]([A-Za-z0-9]*)$")]
    status: Literal["True", "False", "Unknown"]
    observed_generation: Int64 | None = None
    last_transition_time: datetime
    reason: Annotated[
        str, Field(min_length=1, max_length=1024, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    ]
    message: Annotated[str, Field(max_length=32768)]


class Weights(Model):
    """Share of new connections, in percent."""

    blue: Annotated[int, Field(ge=0, le=100)] | None = None
    green: Annotated[int, Field(ge=0, le=100)] | None = None


class RolloutStatus(Model):
    """Which colour serves."""

    stable: Colour | None = Field(default=None, description="The colour that serves.")
    weights: Weights | None = None


class ScalingStatus(Model):
    """The last decision."""

    wanted_replicas: Int32 | None = Field(
        default=None, description="What the load alone asks for, before limits."
    )
    reason: Reason | None = Field(default=None, description="The reason for the decision, in one word.")
    message: Message | None = Field(default=None, description="The reason with its numbers.")
    history: Annotated[str, Field(max_length=16384)] | None = Field(
        default=None,
        description="Recommendations and scale events, for the operator's next process.",
    )


class ChessClusterStatus(Model):
    """What the operator last observed and did."""

    observed_generation: Int64 | None = Field(
        default=None, description="The generation of the spec that this status describes."
    )
    phase: Phase | None = Field(default=None, description="What the ChessCluster is doing, in one word.")
    replicas: Int32 | None = Field(default=None, description="Pods that exist.")
    ready_replicas: Int32 | None = Field(default=None, description="Pods that accept new players.")
    desired_replicas: Int32 | None = Field(default=None, description="Pods that should serve.")
    draining_replicas: Int32 | None = Field(default=None, description="Pods that hand their players over.")
    connections: Int64 | None = Field(default=None, description="Live player connections in the last census.")
    weight: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="As the column shows it: blue=100."
    )
    selector: Annotated[str, Field(max_length=1024)] | None = Field(
        default=None, description="Selects the pods, for /scale."
    )
    last_scale_time: datetime | None = Field(default=None, description="When replicas were last changed.")
    scaling: ScalingStatus | None = None
    rollout: RolloutStatus | None = None
    conditions: (
        Annotated[tuple[ConditionStatus, ...], Field(max_length=16, json_schema_extra={"x-list-key": "type"})]
        | None
    ) = None
