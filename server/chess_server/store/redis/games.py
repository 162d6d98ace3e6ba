"""Games in Redis, one round trip per call. keys.py says what each key holds, lua/ what each script does."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from chess_server.game.events import Moved
from chess_server.game.outcomes import Step
from chess_server.game.record import MoveRow, row_of
from chess_server.game.shared import Crowd, Held, crowd_of
from chess_server.game.state import Game, decode, encode
from chess_server.store.errors import CorruptError
from chess_server.store.health import Health
from chess_server.store.redis.calls import Call, Calls, command, script
from chess_server.store.redis.keys import Keys
from chess_server.wire import frames

PLAYING_TTL_MS = 26 * 3600 * 1000
OVER_TTL_MS = 900 * 1000
SEAT_TTL_MS = 15_000
FUTURE_MS = 1000
"""By how much a server's Redis TIME may be behind."""

_encode = msgspec.json.Encoder().encode

Applied = Literal["ok", "missing", "foreign", "conflict"]
SeatOp = Literal["in", "out", "look"]


class Published(Struct, frozen=True):
    """When the turn began; and the message, if it was not published because only this server listens."""

    since_ms: int
    message: bytes | None = None


class Games:
    """The games of one ChessCluster."""

    def __init__(self, calls: Calls, keys: Keys, health: Health) -> None:
        self._calls = calls
        self._keys = keys
        self._health = health

    async def load(self, game_id: str) -> Held | None:
        """Read a game; None if Redis has none, or one of another identity. Raises CorruptError."""
        found = await self._one(
            command("HMGET", self._keys.game(game_id), "state", "v", "committed", "since", "replid")
        )
        state, _, committed, since, replid = found
        if state is None or replid is None or replid.decode() != self._identity(game_id):
            return None
        try:
            game = decode(state)
        except msgspec.MsgspecError as error:
            raise CorruptError(game_id, f"Redis holds no game: {error}") from None
        since_ms = int(since)
        if since_ms > self._health.now_ms + FUTURE_MS:
            since_ms = await self._begun_ms(game_id, since_ms)
        return Held(game=game, committed=int(committed), since_ms=since_ms)

    async def _begun_ms(self, game_id: str, since_ms: int) -> int:
        """Return when a turn began that seems to begin in the future: Redis' clock was set back."""
        answer = await self._one(script("begun", [self._keys.game(game_id)], []))
        return int(answer[1]) if answer[0] == b"ok" else since_ms

    async def versions(self, game_ids: list[str]) -> list[tuple[int, int, int] | None]:
        """Read `(epoch, v, committed)` of many games in one round trip; None for one that is missing or foreign."""
        found = await self._many(
            [
                command("HMGET", self._keys.game(game_id), "epoch", "v", "committed", "replid")
                for game_id in game_ids
            ]
        )
        return [
            (int(epoch), int(v), int(committed)) if replid == self._identity(game_id).encode() else None
            for game_id, (epoch, v, committed, replid) in zip(game_ids, found, strict=True)
        ]

    async def create(self, game: Game, *, instead_of: int | None = None) -> bool:
        """Write a game; False if another server did so first. `instead_of`: the epoch of a wrong copy to replace."""
        args: list[Any] = [
            game.epoch,
            game.v,
            encode(game),
            self._identity(game.id),
            _ttl(game),
            self._keys.channel(game.id),
            "" if instead_of is None else instead_of,
        ]
        answer = await self._one(script("create", self._record(game.id), args))
        return bool(answer[0] == b"ok")

    async def forget(self, game_id: str) -> None:
        """Remove a game."""
        await self._one(command("DEL", *self._record(game_id)))

    async def apply(self, before: Game, step: Step, a: int | None) -> Applied:
        """Apply a step that was decided on `before`."""
        game, moved, events = step.game, 0, list[bytes]()
        for v, event in enumerate(step.events, before.v + 1):
            row = b""
            if isinstance(event, Moved):
                moved, row = 1, _encode(row_of(event, a, game))
            events += frames.event(event, v), row
        fixed = (before.epoch, before.v, game.v, self._identity(game.id), encode(game), moved, _ttl(game))
        answer = await self._one(script("apply", self._record(game.id), (*fixed, *events)))
        applied: Applied = answer[0].decode()
        return applied

    async def publish(self, game: Game, *, listening: bool = False) -> Published | None:
        """Publish all events up to the game's version; None if the epoch has changed.

        `listening`: this server is subscribed. If no other is, it gets the message as the answer, without a state.
        """
        args: list[Any] = [game.epoch, game.v, self._keys.channel(game.id), int(listening)]
        answer = await self._one(script("publish", self._record(game.id), args))
        return Published(int(answer[1]), *answer[2:]) if answer[0] == b"ok" else None

    async def repeat(self, game_id: str, message: bytes) -> None:
        """Publish a message that this server got as an answer."""
        await self._one(command("SPUBLISH", self._keys.channel(game_id), message))

    async def events(
        self, game_id: str, epoch: int, after: int, upto: int
    ) -> list[tuple[bytes, MoveRow | None]]:
        """Read the events `after + 1 … upto` in order, as far as Redis still has them."""
        if upto <= after:
            return []
        found = await self._one(
            command("XRANGE", self._keys.events(game_id), f"{epoch}-{after + 1}", f"{epoch}-{upto}")
        )
        return [(frame, _row(row)) for _, (_, frame, _, row) in found]

    async def seat(self, op: SeatOp, game_id: str, members: Sequence[str]) -> Crowd | None:
        """Take, leave or look at seats; None if the game is not in Redis."""
        return _crowd(await self._one(self._seats(op, game_id, members)))

    async def seat_many(self, seated: Mapping[str, Sequence[str]]) -> dict[str, Crowd | None]:
        """Take seats in many games (game id → members) in one round trip; None for a game that is not in Redis."""
        answers = await self._many([self._seats("in", *entry) for entry in seated.items()])
        return {game_id: _crowd(answer) for game_id, answer in zip(seated, answers, strict=True)}

    def _seats(self, op: SeatOp, game_id: str, members: Sequence[str]) -> Call:
        return script(
            "seat",
            [self._keys.game(game_id), self._keys.seats(game_id)],
            [op, SEAT_TTL_MS, self._keys.channel(game_id), *members],
        )

    def _record(self, game_id: str) -> tuple[str, str]:
        return self._keys.game(game_id), self._keys.events(game_id)

    def _identity(self, game_id: str) -> str:
        return self._health.identity(self._keys.game(game_id))

    async def _one(self, call: Call) -> Any:
        return await self._health.redis(self._calls.one, call)

    async def _many(self, calls: Sequence[Call]) -> list[Any]:
        answers: list[Any] = await self._health.redis(self._calls.many, calls)
        return answers


def _ttl(game: Game) -> int:
    return OVER_TTL_MS if game.over else PLAYING_TTL_MS


def _row(raw: bytes) -> MoveRow | None:
    return msgspec.json.decode(raw, type=MoveRow) if raw else None


def _crowd(answer: list[bytes]) -> Crowd | None:
    return None if answer[0] == b"missing" else crowd_of(answer[2], answer[3])
