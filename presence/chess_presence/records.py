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

    `connections` are all open sockets, `games` distinct games with a player's socket on this pod; `accepted` and
    `abnormal_closes` are totals since `started_at` (epoch milliseconds by the pod's own clock; for information only).

    For scaling: `demand` are the sockets that count, without those that never said anything; None from a pod that does
    not know the field. `refused` are distinct clients that found the pod full within the last ten seconds, `limit` is
    from how many connections it refuses (0: not known). `wire` and `state` are the versions that it speaks, with
    clients and of a game's state.
    """

    uid: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    addr: Name = ""
    revision: Name = ""
    connections: Count
    demand: Count | None = None
    refused: Count = 0
    limit: Count = 0
    games: Count = 0
    draining: bool = False
    accepted: Count = 0
    abnormal_closes: Count = 0
    handler_p99_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    started_at: Count = 0
    wire: tuple[Count, ...] = ()
    state: tuple[Count, ...] = ()
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


def news(heartbeat: Heartbeat) -> str:
    """Return the census message of a record: `uid connections draining demand refused`, the flag as 0 or 1.

    A message of a uid alone says that the pod has left. More words may follow; readers take those that they know.
    """
    demand = heartbeat.connections if heartbeat.demand is None else heartbeat.demand
    return f"{heartbeat.uid} {heartbeat.connections} {heartbeat.draining:d} {demand} {heartbeat.refused}"


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
