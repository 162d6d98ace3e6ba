"""Who waits for an opponent, in Redis; and the redirects that players have not followed yet."""

from dataclasses import dataclass
from typing import Literal

from redis.asyncio import Redis

from chess_server.store.health import Health
from chess_server.store.keys import Keys
from chess_server.store.scripts import source

WAITING_TTL_MS = 10_000
RESTING_MS = 8_000
REDIRECT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """An opponent was found; `owner` is `pod uid|socket` of the one who waited."""

    sri: str
    owner: str


Placed = Paired | Literal["waiting", "resting"]


class Pools:
    """The pools of one ChessCluster."""

    def __init__(self, client: Redis, keys: Keys, health: Health) -> None:
        self._client = client
        self._keys = keys
        self._health = health
        self._script = client.register_script(source("pool"))

    async def enter(self, pool: str, sri: str, owner: str) -> Placed:
        """Wait in a pool (or repeat that one does), or be paired."""
        answer = await self._call("in", pool, sri, owner)
        if answer[0] == b"paired":
            return Paired(sri=answer[1].decode(), owner=answer[2].decode())
        return "resting" if answer[0] == b"resting" else "waiting"

    async def leave(self, pool: str, sri: str, owner: str) -> None:
        """Stop waiting, if it is still this owner that waits."""
        await self._call("out", pool, sri, owner)

    async def redirect_of(self, sri: str) -> bytes | None:
        """Give the redirect that a client has not followed yet."""
        found = await self._health.redis(lambda: self._client.get(self._keys.redirect(sri)))
        return bytes(found) if found is not None else None

    async def redirect(self, sri: str, frame: bytes, pod_uid: str) -> None:
        """Keep a redirect for a client and tell the server where it waited."""

        async def ask() -> None:
            async with self._client.pipeline(transaction=False) as pipeline:
                pipeline.set(self._keys.redirect(sri), frame, ex=REDIRECT_SECONDS)
                pipeline.publish(self._keys.lobby_channel(pod_uid), sri.encode() + b"\n" + frame)
                await pipeline.execute()

        await self._health.redis(ask)

    async def followed(self, pool: str, sri: str, game_id: str) -> None:
        """Forget a redirect that has been followed."""
        held = await self.redirect_of(sri)
        if held is None or game_id.encode() not in held:
            return

        async def ask() -> None:
            async with self._client.pipeline(transaction=False) as pipeline:
                pipeline.delete(self._keys.redirect(sri))
                pipeline.hdel(self._keys.pool(pool)[2], sri)
                await pipeline.execute()

        await self._health.redis(ask)

    async def _call(self, op: str, pool: str, sri: str, owner: str) -> list[bytes]:
        answer: list[bytes] = await self._health.redis(
            lambda: self._script(
                keys=self._keys.pool(pool), args=[op, sri, owner, WAITING_TTL_MS, RESTING_MS]
            )
        )
        return answer
