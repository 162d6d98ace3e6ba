"""Timers in Redis: when some server must check a game, in buckets that are claimed under a lease.

A server with a player's socket watches the game's clock itself, to the millisecond. Timers are for games without one:
both players have gone, or their servers were killed. So a timer is armed once, and again only if it came too early.
"""

from collections.abc import Sequence
from typing import Any, Literal

from chess_server.store.health import Health
from chess_server.store.redis.calls import Call, Calls, command, script
from chess_server.store.redis.keys import BUCKETS, Keys

LEASE_MS = 5000
AT_ONCE = 50
FURTHEST_MS = 60_000
SLACK_MS = 5000
"""By how much two servers may differ on Redis TIME, far more than they do."""
REARM_SECONDS = 30
REARMED_SECONDS = 26 * 3600

Turn = Literal["mine", "other", "done"]


class Timers:
    """The timers of one ChessCluster."""

    def __init__(self, calls: Calls, keys: Keys, health: Health) -> None:
        self._calls = calls
        self._keys = keys
        self._health = health

    async def arm(self, game_id: str, at_ms: int, now_ms: int) -> None:
        """Set a game's timer to `at_ms` of Redis TIME, at most a minute from now."""
        due = min(at_ms, now_ms + FURTHEST_MS)
        await self._many([command("ZADD", self._keys.timers_of(game_id), due, game_id)])

    async def rearm(self, game_ids: list[str], at_ms: int) -> None:
        """Set the timers of those games that have none."""
        await self._many(
            [command("ZADD", self._keys.timers_of(game_id), "NX", at_ms, game_id) for game_id in game_ids]
        )

    async def rearm_turn(self, pod_uid: str) -> Turn:
        """Who sets all timers again: the first to ask, for half a minute; if it dies, another, until it is done."""
        [rearmed] = await self._many([command("GET", self._keys.rearmed())])
        if rearmed is not None and rearmed.decode() == self._health.identities:
            return "done"
        lease = command("SET", self._keys.rearm_lease(), pod_uid, "NX", "GET", "EX", REARM_SECONDS)
        [holder] = await self._many([lease])
        return "mine" if holder is None or holder.decode() == pod_uid else "other"

    async def rearmed(self, identities: str) -> None:
        """Note that all timers are set again in a Redis of these identities."""
        await self._many([command("SET", self._keys.rearmed(), identities, "EX", REARMED_SECONDS)])

    async def disarm(self, game_id: str) -> None:
        """Remove a game's timer."""
        await self._many([command("ZREM", self._keys.timers_of(game_id), game_id)])

    async def due(self) -> list[str]:
        """Claim the games whose timer is due, in all buckets by one round trip."""
        claims = [
            script("claim", [self._keys.timers(bucket)], [LEASE_MS, AT_ONCE, FURTHEST_MS + SLACK_MS])
            for bucket in range(BUCKETS)
        ]
        return [game_id.decode() for found in await self._many(claims) for game_id in found]

    async def _many(self, calls: Sequence[Call]) -> list[Any]:
        answers: list[Any] = await self._health.redis(self._calls.many, calls)
        return answers
