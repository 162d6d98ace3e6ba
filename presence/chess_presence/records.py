"""The heartbeat record: what a server pod reports about itself.

Server and operator may differ in version, so a reader ignores unknown fields, and refuses a record only if it cannot be
counted. A field may be added under the same `schema`; `schema` rises when a field changes its meaning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

SCHEMA = 1

HEARTBEAT_SECONDS = 5.0
TTL_SECONDS = 15.0
QUIET_SECONDS = 0.25
"""The shortest time between two records of one pod."""

Count = Annotated[int, msgspec.Meta(ge=0)]
Name = Annotated[str, msgspec.Meta(max_length=253)]


class RecordError(ValueError):
    """The record cannot be counted; the message names the field."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One pod's record: counts, never differences.

    `connections` are open player sockets, `games` distinct games with a player's socket on this pod; `accepted` and
    `abnormal_closes` are totals since `started_at` (epoch milliseconds by the pod's own clock; for information only).
    """

    uid: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    addr: Name = ""
    revision: Name = ""
    connections: Count
    games: Count = 0
    draining: bool = False
    accepted: Count = 0
    abnormal_closes: Count = 0
    handler_p99_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    started_at: Count = 0
    schema: Annotated[int, msgspec.Meta(ge=1)] = SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The answer to a heartbeat: Redis TIME, and the pod's drain order."""

    now_ms: int
    drain_deadline_ms: int | None = None
    taken_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All live records of one cluster at one moment of Redis TIME."""

    now_ms: int
    records: Mapping[str, Heartbeat]
    unreadable: frozenset[str] = frozenset()
    next_expiry_ms: int | None = None


_decoder = msgspec.json.Decoder(Heartbeat)


def encode(heartbeat: Heartbeat) -> bytes:
    """Encode a record as JSON in UTF-8."""
    return msgspec.json.encode(heartbeat)


def decode(raw: bytes) -> Heartbeat:
    """Decode a record; raises RecordError."""
    try:
        return _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(str(error)) from error
