"""Which Redis holds a key, and which Redis it is: one server, or the primaries of a Redis Cluster.

A node is named by its address, the only one by an empty string. Its identity is its `master_replid`: another one means
that what the node remembers may be older than what was told to players.
"""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import SlotNotCoveredError

from chess_server.store.errors import UnavailableError
from chess_server.store.health import NodesState


class OneNode:
    """A Redis that is not a cluster."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def of(self, _key: str) -> str:
        """Name the only node."""
        return ""

    async def probe(self) -> NodesState:
        """Ask it for its time and identity in one round trip."""
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.time()
            pipeline.info("replication")
            time, info = await pipeline.execute()
        return NodesState(now_ms=_ms(time), replids={"": str(info["master_replid"])})


class ManyNodes:
    """A Redis Cluster. It counts as answering when all of its primaries do."""

    def __init__(self, cluster: RedisCluster) -> None:
        self._cluster = cluster

    def of(self, key: str) -> str:
        """Name the primary that holds a key's slot, as far as is known."""
        try:
            node = self._cluster.get_node_from_key(key)
        except SlotNotCoveredError as error:
            raise UnavailableError("redis", str(error)) from None
        if node is None:
            raise UnavailableError("redis", "no node holds the key's slot")
        return str(node.name)

    async def probe(self) -> NodesState:
        """Ask one primary for the time, always the same, and all for their identity."""
        await self._cluster.initialize()
        names = sorted(str(node.name) for node in self._cluster.get_primaries())
        time = await self._ask("TIME", names[0])
        infos = await asyncio.gather(*(self._ask("INFO", name, "replication") for name in names))
        replids = {name: str(info["master_replid"]) for name, info in zip(names, infos, strict=True)}
        return NodesState(now_ms=_ms(time), replids=replids)

    async def _ask(self, command: str, name: str, *arguments: str) -> Any:
        node = self._cluster.get_node(node_name=name)
        if node is None:
            raise UnavailableError("redis", f"{name} has left the cluster")
        return await self._cluster.execute_command(command, *arguments, target_nodes=node)


def _ms(time: tuple[int, int]) -> float:
    return int(time[0]) * 1000 + int(time[1]) / 1000
