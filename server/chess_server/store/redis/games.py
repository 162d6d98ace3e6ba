"""Games in Redis, one round trip per call. keys.py says what each key holds, lua/ what each script does."""

from typing import Any, Literal

import msgspec
from redis.asyncio import Redis

from chess_server.game.decide import Step
from chess_server.game.events import Moved
from chess_server.game.record import MoveRow, row_of
from chess_server.game.shared import Crowd, Held, crowd_of
from chess_server.game.state import Game, decode, encode
from chess_server.store.health import Health
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.scripts import source
from chess_server.wire import frames

PLAYING_TTL_MS = 26 * 3600 * 1000
OVER_TTL_MS = 900 * 1000
SEAT_TTL_MS = 15_000

Applied = Literal["ok", "missing", "foreign", "conflict"]


class Games:
    """The games of one ChessCluster."""

    def __init__(self, client: Redis, keys: Keys, health: Health) -> None:
        self._client = client
        self._keys = keys
        self._health = health
        self._create = client.register_script(source("create"))
        self._apply = client.register_script(source("apply"))
        self._publish = client.register_script(source("publish"))
        self._seat = client.register_script(source("seat"))

    async def load(self, game_id: str) -> Held | None:
        """Read a game; None if Redis has none, or one written to a Redis of another identity."""
        found = await self._health.redis(
            lambda: self._client.hmget(
                self._keys.game(game_id), ["state", "v", "committed", "since", "replid"]
            )
        )
        state, _, committed, since, replid = found
        if state is None or replid is None or replid.decode() != self._identity(game_id):
            return None
        return Held(game=decode(state), committed=int(committed), since_ms=int(since))

    async def versions(self, game_ids: list[str]) -> list[tuple[int, int, int] | None]:
        """Read `(epoch, v, committed)` of many games in one round trip; None for one that is missing or foreign."""

        async def ask() -> Any:
            async with self._client.pipeline(transaction=False) as pipeline:
                for game_id in game_ids:
                    pipeline.hmget(self._keys.game(game_id), ["epoch", "v", "committed", "replid"])
                return await pipeline.execute()

        found = await self._health.redis(ask)
        return [
            (int(epoch), int(v), int(committed)) if replid == self._identity(game_id).encode() else None
            for game_id, (epoch, v, committed, replid) in zip(game_ids, found, strict=True)
        ]

    async def create(self, game: Game, *, instead_of: int | None = None) -> bool:
        """Write a game; False if another server did so first. `instead_of`: the epoch of a wrong copy to replace."""
        answer = await self._health.redis(
            lambda: self._create(
                keys=[self._keys.game(game.id), self._keys.events(game.id)],
                args=[
                    game.epoch,
                    game.v,
                    encode(game),
                    self._identity(game.id),
                    _ttl(game),
                    self._keys.channel(game.id),
                    "" if instead_of is None else instead_of,
                ],
            )
        )
        return bool(answer[0] == b"ok")

    async def forget(self, game_id: str) -> None:
        """Remove a game."""
        await self._health.redis(
            lambda: self._client.delete(self._keys.game(game_id), self._keys.events(game_id))
        )

    async def apply(self, before: Game, step: Step, a: int | None) -> Applied:
        """Apply a step that was decided on `before`."""
        game = step.game
        args: list[Any] = [
            before.epoch,
            before.v,
            game.v,
            self._identity(game.id),
            encode(game),
            1 if any(isinstance(event, Moved) for event in step.events) else 0,
            _ttl(game),
        ]
        for v, event in enumerate(step.events, before.v + 1):
            row = msgspec.json.encode(row_of(event, a, game)) if isinstance(event, Moved) else b""
            args += [frames.event(event, v), row]
        answer = await self._health.redis(
            lambda: self._apply(keys=[self._keys.game(game.id), self._keys.events(game.id)], args=args)
        )
        applied: Applied = answer[0].decode()
        return applied

    async def publish(self, game: Game) -> int | None:
        """Publish all events up to the game's version; return when the turn began, None if the epoch has changed."""
        answer = await self._health.redis(
            lambda: self._publish(
                keys=[self._keys.game(game.id), self._keys.events(game.id)],
                args=[game.epoch, game.v, self._keys.channel(game.id)],
            )
        )
        return int(answer[1]) if answer[0] == b"ok" else None

    async def events(
        self, game_id: str, epoch: int, after: int, upto: int
    ) -> list[tuple[bytes, MoveRow | None]]:
        """Read the events `after + 1 … upto` in order, as far as Redis still has them."""
        if upto <= after:
            return []
        found = await self._health.redis(
            lambda: self._client.xrange(
                self._keys.events(game_id), min=f"{epoch}-{after + 1}", max=f"{epoch}-{upto}"
            )
        )
        return [(fields[b"f"], _row(fields[b"r"])) for _, fields in found]

    async def seat(self, op: Literal["in", "out", "look"], game_id: str, members: list[str]) -> Crowd | None:
        """Take, leave or look at seats; None if the game is not in Redis."""
        answer = await self._health.redis(
            lambda: self._seat(
                keys=[self._keys.game(game_id), self._keys.seats(game_id)],
                args=[op, SEAT_TTL_MS, self._keys.channel(game_id), *members],
            )
        )
        return None if answer[0] == b"missing" else crowd_of(answer[2], answer[3])

    def _identity(self, game_id: str) -> str:
        return self._health.identity(self._keys.game(game_id))


def _ttl(game: Game) -> int:
    return OVER_TTL_MS if game.over else PLAYING_TTL_MS


def _row(raw: bytes) -> MoveRow | None:
    return msgspec.json.decode(raw, type=MoveRow) if raw else None
