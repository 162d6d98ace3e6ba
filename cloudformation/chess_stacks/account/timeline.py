"""Stack events become a timeline: what each resource does, since when, and how long it took. Pure.

`root_cause` picks, out of the cascade of a failed operation, the events that caused it: CloudFormation cancels
everything else, and reports that with the same status as a failure.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from chess_stacks.account.records import Event

STACK: Final = "AWS::CloudFormation::Stack"
_CONSEQUENCES: Final = (
    "Resource creation cancelled",
    "Resource update cancelled",
    "Resource deletion cancelled",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One resource's part in an operation."""

    logical_id: str
    resource_type: str
    status: str
    started: datetime
    ended: datetime | None = None
    reason: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it lasts."""
        return None if self.ended is None else (self.ended - self.started).total_seconds()


def spans(events: Iterable[Event]) -> tuple[Span, ...]:
    """Fold events, the oldest first, into one span per resource."""
    found: dict[str, Span] = {}
    for event in events:
        if event.resource_type == STACK:
            continue
        moving = event.status.endswith("_IN_PROGRESS")
        before = found.get(event.logical_id)
        begun = before.started if before and not (moving and before.ended) else event.at
        found[event.logical_id] = Span(
            logical_id=event.logical_id,
            resource_type=event.resource_type,
            status=event.status,
            started=begun,
            ended=None if moving else event.at,
            reason=event.reason,
        )
    return tuple(found.values())


def root_cause(events: Iterable[Event]) -> tuple[str, ...]:
    """Return what failed first, one line for each resource."""
    failed = [
        event
        for event in events
        if event.status.endswith("_FAILED")
        and event.resource_type != STACK
        and not event.reason.startswith(_CONSEQUENCES)
    ]
    first: dict[str, Event] = {}
    for event in failed:
        first.setdefault(event.logical_id, event)
    return tuple(f"{event.logical_id} ({event.resource_type}): {event.reason}" for event in first.values())
