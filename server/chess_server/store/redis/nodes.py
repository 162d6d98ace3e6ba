"""Which Redis node holds a key, and its identity: one server, or the primaries of a Redis Cluster.

A node is named by its address; a single server by an empty string. A node's identity is its `master_replid`: if it
changes, the node's data may be older than what players have been sent. A node that takes no writes (a replica, one
without its replicas, with a full memory or a full disk) still answers readers; so each probe asks for the role, and
writes.
"""

import asyncio
import contextlib
import re
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ReadOnlyError, RedisError, SlotNotCoveredError

from chess_server.store.errors import UnavailableError, UnreachableError
from chess_server.store.health import NodesState
from chess_server.store.redis.calls import Calls, script

TIME = ("TIME",)
REPLICATION = ("INFO", "replication")
WRITTEN_MS = 10_000
"""How long what a probe has written is kept."""
MOST_KEYS = 256

_ROLE = re.compile(rb"^role:(\w+)", re.MULTILINE)
_REPLID = re.compile(rb"^master_replid:(\w+)", re.MULTILINE)


class OneNode:
    """A single Redis server."""

    def of(self, _key: str) -> str:
        """Return the name of the only node."""
        return ""

    async def primaries(self) -> list[str]:
        """Return the only node."""
        return [""]

    def suspect(self) -> None:
        """Do nothing: each new connection asks DNS where the server is."""

    async def refresh(self) -> None:
        """Do nothing."""


class ManyNodes:
    """A Redis Cluster, as redis-py's client sees it."""

    def __init__(self, cluster: RedisCluster) -> None:
        self._cluster = cluster
        self._suspected = False
        self._refreshing: asyncio.Task[None] | None = None

    def of(self, key: str) -> str:
        """Return the primary that holds a key's slot, by the client's last view of the cluster."""
        try:
            node = self._cluster.get_node_from_key(key)
        except SlotNotCoveredError as error:
            raise UnreachableError("redis", str(error)) from None
        if node is None:
            raise UnreachableError("redis", "the key's slot has no node")
        return str(node.name)

    async def primaries(self) -> list[str]:
        """Return the primaries; asks the cluster if one was suspected since."""
        if self._suspected:
            await self.refresh()
        await self._cluster.initialize()
        return sorted(str(node.name) for node in self._cluster.get_primaries())

    def suspect(self) -> None:
        """Ask the cluster with the next probe."""
        self._suspected = True

    async def refresh(self) -> None:
        """Ask the cluster; many who want that at the same time ask once."""
        if self._refreshing is None or self._refreshing.done():
            self._refreshing = asyncio.get_running_loop().create_task(self._refresh())
        await asyncio.shield(self._refreshing)

    async def _refresh(self) -> None:
        self._suspected = False
        try:
            await self._cluster.aclose()
            await self._cluster.initialize()
        except BaseException:
            self._suspected = True
            raise


class Nodes:
    """All nodes that hold keys, as `Health` probes them: Redis counts as available if all primaries answer."""

    def __init__(self, calls: Calls) -> None:
        self._topology = calls.topology
        self._calls = calls
        self._keys: dict[str, str] = {}

    def of(self, key: str) -> str:
        """Return the node that holds a key. Raises UnavailableError."""
        return self._topology.of(key)

    async def probe(self) -> NodesState:
        """Read the time from one node, always the same, and identity and role of each; and write to each."""
        names = await self._topology.primaries()
        await self._calls.close_others(names)
        first, *others = names
        (time, info), *rest = await asyncio.gather(
            self._calls.at(first, TIME, REPLICATION), *(self._calls.at(name, REPLICATION) for name in others)
        )
        infos = dict(zip(names, [info, *(answer[0] for answer in rest)], strict=True))
        for name, answer in infos.items():
            if _word(_ROLE, answer) != "master":
                self._leave(name)
                raise ReadOnlyError(f"{name or 'this server'} is a replica")
        await asyncio.gather(*map(self._write, names))
        return NodesState(
            now_ms=int(time[0]) * 1000 + int(time[1]) / 1000,
            replids={name: _word(_REPLID, answer) for name, answer in infos.items()},
        )

    async def _write(self, node: str) -> None:
        """Write by a script, as all that is written of games: a right to that may be missing too."""
        key = self._key_at(node)
        if key is not None:  # a node without slots takes no keys
            await self._calls.one(script("probe", [key], [WRITTEN_MS]))

    def _key_at(self, node: str) -> str | None:
        """Return a key that a node holds: the one found before, as long as it does."""
        known = self._keys.get(node, "")
        for key in (known, *(f"chess:probe:{number}" for number in range(MOST_KEYS))):
            if key and self._holds(node, key):
                self._keys[node] = key
                return key
        return None

    def _holds(self, node: str, key: str) -> bool:
        with contextlib.suppress(UnavailableError):
            return self._topology.of(key) == node
        return False

    def _leave(self, node: str) -> None:
        self._topology.suspect()
        self._calls.demoted(node)


def _word(pattern: re.Pattern[bytes], info: Any) -> str:
    found = pattern.search(info)
    if found is None:
        raise RedisError(f"INFO replication has no {pattern.pattern.decode()}")
    return found[1].decode()
