"""Who leads: what to do about the Lease, decided without I/O.

As in client-go, a lease is judged by how long *this* process has seen it unchanged, never by the times in it: the
clocks of two machines may differ. Others may take it after 10 s; a leader that cannot renew it gives up after 6 s, so
that it has stopped before another one leads; each tries every 1.5 s.
"""

from dataclasses import dataclass
from typing import Literal

LEASE_SECONDS = 10.0
RENEW_SECONDS = 6.0
RETRY_SECONDS = 1.5

LeaseStep = Literal["create", "take", "renew", "wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The content of the Lease object."""

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
    """Note a record that was just read."""
    if previous is not None and previous.record.resource_version == record.resource_version:
        return previous
    return Sighting(record=record, since=now)


def next_step(me: str, sighting: Sighting | None, now: float) -> LeaseStep:
    """Decide what to do about the lease now."""
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
