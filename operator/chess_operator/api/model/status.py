"""`status`: what the operator tells. Its shape only; the shell fills it by server-side apply."""

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
    reason: Reason | None = Field(default=None, description="Why it is as it is, in a word.")
    message: Message | None = Field(default=None, description="The same with its numbers.")
    history: Annotated[str, Field(max_length=16384)] | None = Field(
        default=None,
        description="The operator's own memory of recommendations and scale events, for its successor.",
    )


class ChessClusterStatus(Model):
    """What the operator last saw and did."""

    observed_generation: Int64 | None = Field(
        default=None, description="The generation of spec that this is about."
    )
    phase: Phase | None = Field(default=None, description="What the cluster is doing, in a word.")
    replicas: Int32 | None = Field(default=None, description="Pods that exist.")
    ready_replicas: Int32 | None = Field(default=None, description="Pods that players may enter by.")
    desired_replicas: Int32 | None = Field(default=None, description="Pods that are meant to serve.")
    draining_replicas: Int32 | None = Field(default=None, description="Pods that hand their players over.")
    connections: Int64 | None = Field(default=None, description="Live player connections in the last census.")
    weight: Annotated[str, Field(max_length=64)] | None = Field(
        default=None, description="As the column shows it: blue=100."
    )
    selector: Annotated[str, Field(max_length=1024)] | None = Field(
        default=None, description="Of the pods, for /scale."
    )
    last_scale_time: datetime | None = Field(default=None, description="When replicas were last changed.")
    scaling: ScalingStatus | None = None
    rollout: RolloutStatus | None = None
    conditions: (
        Annotated[tuple[ConditionStatus, ...], Field(max_length=16, json_schema_extra={"x-list-key": "type"})]
        | None
    ) = None
