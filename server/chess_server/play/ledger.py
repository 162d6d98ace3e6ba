"""The state of one game, and how it changes: applied in Redis, stored in PostgreSQL, then published.

The state is kept in memory only while this server is subscribed to the game's channel (`live`); otherwise each read
goes to Redis.
"""

import asyncio
from collections.abc import Callable

import structlog
from msgspec import Struct
from msgspec.structs import replace

from chess_server.game.events import Moved
from chess_server.game.outcomes import Step, due_in_ms
from chess_server.game.record import MoveRow, finish_of, row_of
from chess_server.game.shared import Held, age
from chess_server.game.state import Game
from chess_server.store.errors import ContradictionError, CorruptError, SaturatedError, UnreachableError
from chess_server.store.postgres.fence import Entry
from chess_server.store.stores import Stores

log = structlog.get_logger(__name__)

IN_FLIGHT_SECONDS = 0.05
IN_FLIGHT_TRIES = 6
TAKE_OVER_TRIES = 6


class NoSuchGameError(Exception):
    """Neither Redis nor PostgreSQL has the game, or the secret is wrong."""


class WrongSecretError(NoSuchGameError):
    """The game is there, but the secret is none of its players'."""


class Listening(Struct, frozen=True, kw_only=True):
    """How a ledger is heard: its room takes states and messages; and whether the channel is subscribed now."""

    on_kept: Callable[[Held], None]
    """Called with each newer state that is kept in memory."""
    on_message: Callable[[bytes], None]
    """Called with what would have been published, if no other server listens."""
    subscribed: Callable[[], bool]


class Ledger:
    """One game's state."""

    def __init__(self, game_id: str, stores: Stores, no_start_ms: int, listening: Listening) -> None:
        self.id = game_id
        self.live = False
        self.held: Held | None = None
        self._stores = stores
        self._no_start_ms = no_start_ms
        self._listening = listening
        self._stored: Game | None = None

    async def settled(self, *, taking_over: bool = False) -> Held:
        """Return the game once all of it is published.

        `taking_over`: for a player or a due timer, who may raise the epoch of a game that Redis has lost or that
        another server holds. All others look at what is stored, and raise nothing. Raises NoSuchGameError,
        UnavailableError, ContradictionError, BrokenGameError.
        """
        for _ in range(IN_FLIGHT_TRIES):
            held = await self._read(taking_over=taking_over)
            if held.committed == held.game.v:
                return held
            self.held = None
            await asyncio.sleep(IN_FLIGHT_SECONDS)  # another server is most likely publishing it
        held = await self._read(taking_over=taking_over)
        if taking_over:
            return await self.settle(held)
        try:
            return await self._settle(held)
        except ContradictionError:
            return await self._look(held.game.epoch)

    async def current(self) -> Held:
        """Return the game for a command: as Redis holds it; its last events may not be stored yet."""
        return await self._read(taking_over=True)

    async def settle(self, held: Held) -> Held:
        """Store and publish what was applied in Redis, by this server or another; for a command."""
        try:
            return await self._settle(held)
        except ContradictionError:
            await self._take_over(held.game.epoch)
            raise

    async def _read(self, *, taking_over: bool) -> Held:
        if self.held is not None:
            return self.held
        wrong: int | None = None
        try:
            held = await self._held_in_redis()
        except CorruptError as error:
            log.warning("the game is read back", game=self.id, reason=error.detail)
            [version] = await self._stores.games.versions([self.id])
            held, wrong = None, version and version[0]
        if held is None:
            return await (self._take_over(wrong) if taking_over else self._look(wrong))
        self.keep(held)
        return held

    async def _held_in_redis(self) -> Held | None:
        held = await self._stores.games.load(self.id)
        if held is None:
            # Redis may have restarted since the last probe. Two servers that know it by different identities would
            # each replace what the other has read back.
            await self._stores.health.probe()
            held = await self._stores.games.load(self.id)
        return held

    async def _look(self, instead_of: int | None) -> Held:
        """Read the game from PostgreSQL. One that is over goes back to Redis under its stored epoch."""
        game = await self._load(for_player=False)
        if game.over:
            return await self._put(game, instead_of)
        return Held(game=game, committed=game.v, since_ms=self._stores.clock.now_ms())

    async def _take_over(self, instead_of: int | None) -> Held:
        """Read the game back into Redis instead of a wrong copy's epoch; under a higher one if it is in play."""
        for _ in range(TAKE_OVER_TRIES):
            seen = await self._load(for_player=True)
            game = seen if seen.over else await self._stores.database.take_over(seen)
            if game is not None:
                return await self._put(game, instead_of)
            # Another server has taken it over, most likely in this Redis.
            await asyncio.sleep(IN_FLIGHT_SECONDS)
            held = await self._stores.games.load(self.id)
            if held is not None and held.game.epoch != instead_of:
                self.keep(held)
                return held
        raise SaturatedError("postgresql", "other servers take the game over")

    async def _load(self, *, for_player: bool) -> Game:
        game = await self._stores.database.load(self.id, for_player=for_player)
        if game is None:
            raise NoSuchGameError(self.id)
        return game

    async def _put(self, game: Game, instead_of: int | None) -> Held:
        """Write a game that was read back to Redis; return what Redis then holds."""
        games = self._stores.games
        mine = await games.create(game, instead_of=instead_of)
        held = await games.load(self.id)
        if held is not None and held.game.epoch < game.epoch:
            # Another server was first, and this one has raised the epoch after it.
            mine = await games.create(game, instead_of=held.game.epoch)
            held = await games.load(self.id)
        if held is None:
            raise UnreachableError("redis", "the game was lost again")
        if mine:
            log.info("game written to Redis", game=self.id, epoch=game.epoch, ply=game.ply)
            await self.arm(held)
        self.keep(held)
        return held

    async def _settle(self, held: Held) -> Held:
        if held.committed == held.game.v:
            return held
        game = held.game
        tail = await self._stores.games.events(self.id, game.epoch, held.committed, game.v)
        if len(tail) != game.v - held.committed:
            self.held = None
            raise ContradictionError(self.id)  # Redis has dropped events that may not be stored
        return await self._store(game, tuple(row for _, row in tail if row is not None))

    async def _store(self, game: Game, rows: tuple[MoveRow, ...]) -> Held:
        entry = Entry(game_id=self.id, epoch=game.epoch, ply=game.ply, rows=rows, finish=finish_of(game))
        try:
            await self._stores.committer.commit(entry)
        except ContradictionError:
            log.warning("the database holds another history, or another server the game", game=self.id)
            self.held = None
            raise
        self._stored = game
        held = Held(game=game, committed=game.v, since_ms=await self._publish(game))
        self.keep(held)
        return held

    async def _publish(self, game: Game) -> int:
        """Publish what is stored; return when the turn began."""
        published = await self._stores.games.publish(game, listening=self._listens)
        if published is None:
            self.held = None
            raise UnreachableError("redis", "the game was read back meanwhile")
        if published.message is not None:
            if not self._listens:  # then perhaps the only one who listened was another server
                await self._stores.games.repeat(self.id, published.message)
            self._listening.on_message(published.message)
        return published.since_ms

    @property
    def _listens(self) -> bool:
        """Whether its room hears what is published.

        One that a timer checks does not, nor one that its last client has left with a command under way: the channel
        may be subscribed for another room of the game.
        """
        return self.live and self._listening.subscribed()

    def keep(self, held: Held) -> None:
        """Keep a state in memory if it is newer than the one kept."""
        known = self.held
        if self.live and (known is None or age(held) > age(known)):
            self.held = held
            self._listening.on_kept(held)

    def take_stored(self, epoch: int, v: int) -> Game | None:
        """Return the game at a version if this server has stored it itself: nobody needs to send it the state."""
        stored, self._stored = self._stored, None
        return stored if stored is not None and (stored.epoch, stored.v) == (epoch, v) else None

    def forget(self) -> None:
        """Drop the state in memory: the next read goes to Redis."""
        self.held = None

    async def carry_out(self, before: Game, step: Step, a: int | None) -> bool:
        """Apply, store and publish a step; False if it must be decided again: another server was first."""
        applied = await self._stores.games.apply(before, step, a)
        if applied != "ok":
            self.held = None
            return False
        self.held = None
        try:
            await self._store(step.game, _rows(step, a))
        except ContradictionError:
            held = await self._take_over(step.game.epoch)
            if held.game.moves != before.moves:
                raise
            return False  # the same position under a higher epoch: decided again, the command may be stored
        if step.game.over:
            await self._stores.timers.disarm(self.id)
        return True

    async def take_back(self, before: Game, after: Game) -> None:
        """Go back to an earlier position, under a new epoch: whoever holds the game otherwise reads it again."""
        if not await self._stores.database.take_back(before, after.ply):
            await self._take_over(before.epoch)
            raise ContradictionError(self.id)
        self.held = None
        await self._put(replace(after, epoch=before.epoch + 1, v=after.ply), before.epoch)

    async def arm(self, held: Held) -> None:
        """Set the timer by which some server checks the game when its time is up."""
        now_ms = self._stores.clock.now_ms()
        if not held.game.over:
            await self._stores.timers.arm(self.id, now_ms + self.remaining_ms(held, now_ms), now_ms)

    def remaining_ms(self, held: Held, now_ms: int) -> int:
        """How long until the player to move has no time left."""
        elapsed = self._stores.health.outages.elapsed(held.since_ms, now_ms)
        return max(due_in_ms(held.game, self._no_start_ms) - elapsed, 0)


def _rows(step: Step, a: int | None) -> tuple[MoveRow, ...]:
    return tuple(row_of(event, a, step.game) for event in step.events if isinstance(event, Moved))
