"""The registry in Redis: beat, leave, read, order. Each is one atomic Lua call; Redis TIME is the only clock.

An order is *explicit in both directions*: to take a drain back is an order too, and without an order nothing changes.
So a Redis that has lost its data cannot make a draining pod accept players again.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ResponseError

from chess_presence import keys
from chess_presence.records import (
    HEARTBEAT_SECONDS,
    QUIET_SECONDS,
    TTL_SECONDS,
    Beat,
    Heartbeat,
    Reading,
    RecordError,
    decode,
    encode,
    news,
)

__all__ = ["HEARTBEAT_SECONDS", "QUIET_SECONDS", "TTL_SECONDS", "Beat", "Reading", "Registry", "read_many"]

ORDERS_SECONDS = 24 * 3600.0
"""How long all orders are kept after the last one: longer than any drain."""


def _lua(name: str) -> str:
    return files("chess_presence").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")


def beat_of(answer: Sequence[Any]) -> Beat:
    """Parse the answer of beat.lua."""
    now_ms, order = int(answer[0]), answer[1]
    if order is None:
        return Beat(now_ms=now_ms)
    deadline = int(order)
    return Beat(now_ms=now_ms, drain_deadline_ms=deadline or None, taken_back=deadline == 0)


def reading_of(answer: Sequence[Any]) -> Reading:
    """Parse the answer of read.lua; the uid of a record that cannot be counted is in `unreadable`."""
    records: dict[str, Heartbeat] = {}
    unreadable: set[str] = set()
    for uid, raw in zip(answer[2::2], answer[3::2], strict=True):
        name = uid.decode(errors="replace")
        try:
            records[name] = decode(raw)
        except RecordError:
            unreadable.add(name)
    return Reading(
        now_ms=int(answer[0]),
        records=records,
        unreadable=frozenset(unreadable),
        next_expiry_ms=None if answer[1] is None else int(float(answer[1])),
    )


class Registry:
    """The presence of one ChessCluster.

    `client` must not decode responses and may be a Redis Cluster's; its timeouts and errors pass through.
    """

    def __init__(self, client: Redis, cluster_uid: str, *, ttl_seconds: float = TTL_SECONDS) -> None:
        self._client = client
        self._ttl_ms = round(ttl_seconds * 1000)
        self._uid = cluster_uid
        self._beat = client.register_script(_lua("beat"))
        self._leave = client.register_script(_lua("leave"))
        self._read = client.register_script(_lua("read"))
        self._order = client.register_script(_lua("order"))

    async def beat(self, heartbeat: Heartbeat) -> Beat:
        """Write a pod's record; return Redis TIME and the pod's drain order."""
        names, given = self._beating(heartbeat)
        return beat_of(await self._beat(keys=names, args=given))

    def _beating(self, heartbeat: Heartbeat) -> tuple[list[str], list[Any]]:
        """Make keys and arguments of beat.lua."""
        names = [keys.records(self._uid), keys.expiry(self._uid), keys.drains(self._uid)]
        channel = keys.census_channel(self._uid)
        return names, [heartbeat.uid, encode(heartbeat), self._ttl_ms, channel, news(heartbeat)]

    async def leave(self, pod_uid: str) -> bool:
        """Remove a pod's record and its order. False if it had no record."""
        known = await self._leave(
            keys=[keys.records(self._uid), keys.expiry(self._uid), keys.drains(self._uid)],
            args=[pod_uid, keys.census_channel(self._uid)],
        )
        return bool(known)

    async def read(self) -> Reading:
        """Remove expired records and return all others."""
        names = [keys.records(self._uid), keys.expiry(self._uid)]
        return reading_of(await self._read(keys=names, args=[self._ttl_ms]))

    async def mark(self, pod_uid: str, deadline_ms: int) -> None:
        """Order a pod to drain until `deadline_ms` of Redis TIME."""
        await self._send_order(pod_uid, deadline_ms)

    async def unmark(self, pod_uid: str) -> None:
        """Take a drain back: the pod accepts players again."""
        await self._send_order(pod_uid, 0)

    async def orders(self) -> dict[str, int]:
        """All orders in force: pod uid → deadline in ms, 0 for one taken back."""
        found: Mapping[Any, Any] = await self._client.hgetall(keys.drains(self._uid))
        return {uid.decode(): int(deadline) for uid, deadline in found.items()}

    async def clear(self) -> None:
        """Remove all keys of the cluster."""
        await self._client.delete(keys.records(self._uid), keys.expiry(self._uid), keys.drains(self._uid))

    async def _send_order(self, pod_uid: str, deadline_ms: int) -> None:
        await self._order(
            keys=[keys.drains(self._uid)],
            args=[pod_uid, deadline_ms, round(ORDERS_SECONDS * 1000), keys.orders_channel(self._uid)],
        )


async def read_many(client: Redis, cluster_uids: Iterable[str]) -> dict[str, Reading | ResponseError]:
    """Read many clusters that share an endpoint: one Lua call each, all at once.

    A cluster whose keys Redis refuses to read gets that error; all others are read.
    """
    uids = list(cluster_uids)
    script, ttl_ms = client.register_script(_lua("read")), round(TTL_SECONDS * 1000)
    if isinstance(client, RedisCluster):  # its pipelines do not support scripts
        calls = (script(keys=[keys.records(uid), keys.expiry(uid)], args=[ttl_ms]) for uid in uids)
        answers = await asyncio.gather(*calls, return_exceptions=True)
    else:
        async with client.pipeline(transaction=False) as pipeline:
            for uid in uids:
                await script(keys=[keys.records(uid), keys.expiry(uid)], args=[ttl_ms], client=pipeline)
            answers = await pipeline.execute(raise_on_error=False)
    return {uid: _reading_or_refusal(answer) for uid, answer in zip(uids, answers, strict=True)}


def _reading_or_refusal(answer: Any) -> Reading | ResponseError:
    if isinstance(answer, ResponseError):
        return answer
    if isinstance(answer, BaseException):
        raise answer
    return reading_of(answer)
