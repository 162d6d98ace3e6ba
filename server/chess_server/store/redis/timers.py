"""When a game is to be looked at though nobody is there: buckets in Redis, claimed under a lease.

Servers with a player's socket watch the clock themselves, to the millisecond. These timers are for the rest: both
players gone, their servers killed. So a game is armed once, and armed again only when its time came too early.
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
        """Have a game looked at, at `at_ms` of Redis TIME or a minute from now."""
        due = min(at_ms, now_ms + FURTHEST_MS)
        await self._health.redis(lambda: self._client.zadd(self._keys.timers_of(game_id), {game_id: due}))

    async def rearm(self, game_ids: list[str], at_ms: int) -> None:
        """Arm many games that have no timer."""

        async def ask() -> Any:
            async with self._client.pipeline(transaction=False) as pipeline:
                for game_id in game_ids:
                    pipeline.zadd(self._keys.timers_of(game_id), {game_id: at_ms}, nx=True)
                return await pipeline.execute()

        if game_ids:
            await self._health.redis(ask)

    async def may_rearm(self, pod_uid: str) -> bool:
        """Whether this server is the one to arm all timers again."""
        return bool(
            await self._health.redis(
                lambda: self._client.set(self._keys.rearm_lease(), pod_uid, nx=True, ex=REARM_SECONDS)
            )
        )

    async def disarm(self, game_id: str) -> None:
        """Forget a game."""
        await self._health.redis(lambda: self._client.zrem(self._keys.timers_of(game_id), game_id))

    async def due(self) -> list[str]:
        """Claim the games whose time has come."""
        found: list[str] = []
        for bucket in range(BUCKETS):
            found += await self._due(self._keys.timers(bucket))
        return found

    async def _due(self, bucket: str) -> list[str]:
        answer = await self._health.redis(lambda: self._claim(keys=[bucket], args=[LEASE_MS, AT_ONCE]))
        return [game_id.decode() for game_id in answer]
