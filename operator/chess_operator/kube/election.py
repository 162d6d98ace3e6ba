"""Who leads: what to do about the Lease, decided without I/O.

As in client-go, a lease is judged by how long *this* process has seen it unchanged, never by the times written
in it: clocks of two machines need not agree. 10 s until others may take it, 6 s until a leader that cannot renew
gives up (so that it is gone before anyone follows), a try every 1.5 s.
"""

from dataclasses import dataclass
from typing import Literal

LEASE_SECONDS = 10.0
RENEW_SECONDS = 6.0
RETRY_SECONDS = 1.5

Move = Literal["create", "take", "renew", "wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the Lease object says."""

    holder: str
    resource_version: str
    transitions: int = 0
    lease_seconds: float = LEASE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A record, and since when (monotonic seconds) it has been seen like this."""

    record: Record
    since: float


def sight(previous: Sighting | None, record: Record, now: float) -> Sighting:
    """Take note of a record that was just read."""
    if previous is not None and previous.record.resource_version == record.resource_version:
        return previous
    return Sighting(record=record, since=now)


def move(me: str, sighting: Sighting | None, now: float) -> Move:
    """Say what to do about the lease now."""
    if sighting is None:
        return "create"
    if sighting.record.holder == me:
        return "renew"
    released = not sighting.record.holder
    expired = now - sighting.since > sighting.record.lease_seconds
    return "take" if released or expired else "wait"


def held(renewed_at: float | None, now: float) -> bool:
    """Whether a leader that renewed at `renewed_at` may still write."""
    return renewed_at is not None and now - renewed_at < RENEW_SECONDS
