"""The connections to both stores, which the process opens at its start and closes at its end."""

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool
from redis.asyncio import Redis

from chess_server.store.redis.bus import Bus
from chess_server.store.redis.calls import Calls
from chess_server.store.redis.endpoint import RedisEndpoint

CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Redis for games and lobby (calls), for heartbeats (redis), for subscriptions (bus), and PostgreSQL."""

    endpoint: RedisEndpoint
    redis: Redis
    calls: Calls
    bus: Bus
    pool: "AsyncConnectionPool[AsyncConnection[Any]]"

    def leave_replica(self) -> None:
        """Leave a Redis that has become a replica: whatever is connected to it connects again, and asks DNS again."""
        self.bus.reconnect()
        self.endpoint.reconnect(self.redis)

    async def open_database(self) -> None:
        """Begin to connect to PostgreSQL."""
        await self.pool.open(wait=False)

    async def close(self) -> None:
        """Close all connections."""
        await self.bus.stop()
        await self.pool.close(timeout=CLOSE_SECONDS)
        await self.calls.close()
        await self.redis.aclose()
