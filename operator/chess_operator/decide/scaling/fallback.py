"""What happens while the connections are not known: `scaling.fallback`, with KEDA's names."""

from dataclasses import dataclass

from chess_operator.api.model.scaling import Fallback
from chess_presence.records import HEARTBEAT_SECONDS

_HEARTBEAT_MS = round(HEARTBEAT_SECONDS * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackState:
    """Whether the fallback applies, and the fewest replicas that serve then."""

    applies: bool
    at_least: int = 0
    begins_ms: int | None = None
    """When it will apply if the census stays incomplete."""


NO_FALLBACK = FallbackState(applies=False)


def fallback_state(fallback: Fallback, failing_since_ms: int | None, now_ms: int) -> FallbackState:
    """Apply the fallback after `failureThreshold` heartbeats without a complete census."""
    if failing_since_ms is None:
        return NO_FALLBACK
    begins = failing_since_ms + fallback.failure_threshold * _HEARTBEAT_MS
    if now_ms < begins:
        return FallbackState(applies=False, begins_ms=begins)
    raised = fallback.replicas if fallback.behavior == "currentReplicasIfHigher" else 0
    return FallbackState(applies=True, at_least=raised)
