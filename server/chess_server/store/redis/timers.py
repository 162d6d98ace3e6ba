"""Timers in Redis: when some server must check a game, in buckets that are claimed under a lease.

A server with a player's socket watches the game's clock itself, to the millisecond. Timers are for games without one:
both players have gone, or their servers were killed. So a timer is armed once, and again only if it came too early.
"""

from typing import Any

from redis.asyncio import Redis

from chess_server.store.health import Health
from chess_server.store.redis.keys import BUCKETS, Keys
from chess_server.store.redis.scripts import source

LEASE_MS = 5000
AT_ONCE = 50
FURTHEST_MS = 60_000
REARM_SECONDS = 30


class Timers:
    """The timers of one ChessCluster."""

    def __init__(self, client: Redis, keys: Keys, health: Health) -> None:
        self._client = client
        self._keys = keys
        self._health = health
        self._claim = client.register_script(source("claim"))

    async def arm(self, game_id: str, at_ms: int, now_ms: int) -> None:
        """Set a game's timer to `at_ms` of Redis TIME, at most a minute from now."""
        due = min(at_ms, now_ms + FURTHEST_MS)
        await self._health.redis(lambda: self._client.zadd(self._keys.timers_of(game_id), {game_id: due}))

    async def rearm(self, game_ids: list[str], at_ms: int) -> None:
        """Set the timers of those games that have none."""

        async def ask() -> Any:
            async with self._client.pipeline(transaction=False) as pipeline:
                for game_id in game_ids:
                    pipeline.zadd(self._keys.timers_of(game_id), {game_id: at_ms}, nx=True)
                return await pipeline.execute()

        if game_ids:
            await self._health.redis(ask)

    async def may_rearm(self, pod_uid: str) -> bool:
        """Whether this server sets all timers again: the first to ask does, for half a minute."""
        return bool(
            await self._health.redis(
                lambda: self._client.set(self._keys.rearm_lease(), pod_uid, nx=True, ex=REARM_SECONDS)
            )
        )

    async def disarm(self, game_id: str) -> None:
        """Remove a game's timer."""
        await self._health.redis(lambda: self._client.zrem(self._keys.timers_of(game_id), game_id))

    async def due(self) -> list[str]:
        """Claim the games whose timer is due."""
        found: list[str] = []
        for bucket in range(BUCKETS):
            found += await self._due(self._keys.timers(bucket))
        return found

    async def _due(self, bucket: str) -> list[str]:
        answer = await self._health.redis(lambda: self._claim(keys=[bucket], args=[LEASE_MS, AT_ONCE]))
        return [game_id.decode() for game_id in answer]
