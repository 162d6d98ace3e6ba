"""The whole `spec` of a ChessCluster.

A field that this version does not honour is not in it, and so the API server refuses it: rollout steps, gateways and
ingresses, service monitors.

Defaults are never changed within v1alpha1: the API server has written the old one into stored objects, and the
revision hash leaves out what has its default.
"""

import re
from typing import Annotated, Any, ClassVar

from pydantic import Field

from chess_operator.api.model.rules import Model, Rule
from chess_operator.api.model.scalars import PERCENT, IntOrPercent, LabelKey, LabelValue, Replicas
from chess_operator.api.model.scaling import Scaling
from chess_operator.api.model.server import Server, StoreRef

_MAX_UNAVAILABLE = 1000


def _max_unavailable_is_valid(budget: Any) -> bool:
    value = budget.max_unavailable
    if isinstance(value, int):
        return 0 <= value <= _MAX_UNAVAILABLE
    return value == "100%" or re.match(PERCENT, value) is not None


class DrainSpec(Model):
    """How a replica is emptied before it goes."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.reconnectWindowSeconds <= self.deadlineSeconds",
            lambda drain: drain.reconnect_window_seconds <= drain.deadline_seconds,
            "reconnectWindowSeconds {reconnectWindowSeconds} is more than deadlineSeconds {deadlineSeconds}; "
            "players must be asked to move before the deadline",
            "reconnectWindowSeconds",
        ),
    )

    deadline_seconds: Annotated[int, Field(ge=1, le=3300)] = Field(
        default=1800,
        description="After it, connections that could not be handed over are closed. At most 3300: an ALB deregisters "
        "within 3600 s at most.",
    )
    reconnect_window_seconds: Annotated[int, Field(ge=0, le=600)] = Field(
        default=30,
        description="Clients are asked to reconnect in jittered waves over this time, not all at once.",
    )


class PodDisruptionBudget(Model):
    """How many pods an eviction may take at a time."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "type(self.maxUnavailable) == int ? self.maxUnavailable >= 0 && self.maxUnavailable <= 1000 "
            f": self.maxUnavailable == '100%' || self.maxUnavailable.matches('{PERCENT}')",
            _max_unavailable_is_valid,
            "maxUnavailable {maxUnavailable} is not valid; use a number of pods from 0 to 1000, or 0% to 100%",
            "maxUnavailable",
        ),
    )

    max_unavailable: IntOrPercent = Field(
        default=1, description="0 forbids evictions, and with them node drains."
    )


class Peer(Model):
    """Pods by their labels, in namespaces by theirs; without namespace labels in the ChessCluster's own."""

    namespace_labels: Annotated[dict[LabelKey, LabelValue], Field(max_length=8)] = Field(
        default_factory=dict, description="Labels of their namespaces."
    )
    pod_labels: Annotated[dict[LabelKey, LabelValue], Field(max_length=8)] = Field(
        default_factory=dict, description="Labels of the pods."
    )


class NetworkPolicy(Model):
    """Who may connect to the pods: players to the game port from anywhere, peers to the admin port."""

    enabled: bool = Field(default=True, description="Whether the operator makes a NetworkPolicy.")
    admin_from: Annotated[tuple[Peer, ...], Field(max_length=8)] = Field(
        default=(), description="Who may read metrics on the admin port, besides pods of the same namespace."
    )


class ChessClusterSpec(Model):
    """What a user asks for."""

    paused: bool = Field(
        default=False, description="Leave everything as it is: no scaling, no draining, no template change."
    )
    replicas: Replicas | None = Field(
        default=None, description="What /scale reads and writes; it applies only with scaling.mode External."
    )
    server: Server
    redis: StoreRef = Field(description="Games in play, presence and fan-out.")
    database: StoreRef = Field(description="PostgreSQL: games and moves.")
    scaling: Scaling = Scaling()
    drain: DrainSpec = DrainSpec()
    pod_disruption_budget: PodDisruptionBudget = PodDisruptionBudget()
    network_policy: NetworkPolicy = NetworkPolicy()
