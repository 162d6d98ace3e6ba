"""The connections to both stores, which the process opens at its start and closes at its end."""

from dataclasses import dataclass

from redis.asyncio import Redis

from chess_server.store.postgres.sessions import Sessions
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.calls import Calls
from chess_server.store.redis.endpoint import RedisEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections:
    """Redis for games and lobby (calls), for heartbeats (redis), for subscriptions (bus), and PostgreSQL."""

    endpoint: RedisEndpoint
    redis: Redis
    calls: Calls
    bus: Bus
    sessions: Sessions

    def leave_replica(self) -> None:
        """Leave a Redis that has become a replica: whatever is connected to it connects again, and asks DNS again."""
        self.bus.reconnect()
        self.endpoint.reconnect(self.redis)

    async def open_database(self) -> None:
        """Begin to connect to PostgreSQL."""
        await self.sessions.open()

    async def close(self) -> None:
        """Close all connections."""
        await self.bus.stop()
        await self.sessions.close()
        await self.calls.close()
        await self.redis.aclose()
