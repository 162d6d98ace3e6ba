"""Which Redis node holds a key, and its identity: one server, or the primaries of a Redis Cluster.

A node is named by its address; a single server by an empty string. A node's identity is its `master_replid`: if it
changes, the node's data may be older than what players have been sent.
"""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import SlotNotCoveredError

from chess_server.store.errors import UnreachableError
from chess_server.store.health import NodesState


class OneNode:
    """A single Redis server."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def of(self, _key: str) -> str:
        """Return the name of the only node."""
        return ""

    async def probe(self) -> NodesState:
        """Read its time and identity in one round trip."""
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.time()
            pipeline.info("replication")
            time, info = await pipeline.execute()
        return NodesState(now_ms=_ms(time), replids={"": str(info["master_replid"])})


class ManyNodes:
    """A Redis Cluster. It counts as available if all of its primaries answer."""

    def __init__(self, cluster: RedisCluster) -> None:
        self._cluster = cluster

    def of(self, key: str) -> str:
        """Return the primary that holds a key's slot, by the client's last view of the cluster."""
        try:
            node = self._cluster.get_node_from_key(key)
        except SlotNotCoveredError as error:
            raise UnreachableError("redis", str(error)) from None
        if node is None:
            raise UnreachableError("redis", "the key's slot has no node")
        return str(node.name)

    async def probe(self) -> NodesState:
        """Read the time from one primary, always the same, and the identity of each."""
        await self._cluster.initialize()
        names = sorted(str(node.name) for node in self._cluster.get_primaries())
        time = await self._ask("TIME", names[0])
        infos = await asyncio.gather(*(self._ask("INFO", name, "replication") for name in names))
        replids = {name: str(info["master_replid"]) for name, info in zip(names, infos, strict=True)}
        return NodesState(now_ms=_ms(time), replids=replids)

    async def _ask(self, command: str, name: str, *arguments: str) -> Any:
        node = self._cluster.get_node(node_name=name)
        if node is None:
            raise UnreachableError("redis", f"{name} has left the cluster")
        return await self._cluster.execute_command(command, *arguments, target_nodes=node)


def _ms(time: tuple[int, int]) -> float:
    return int(time[0]) * 1000 + int(time[1]) / 1000
