"""One game as this server sees it: who is here, what they have been told, and the path of a wish.

A wish: decide (pure) → apply in Redis → commit to PostgreSQL → publish → acknowledge. Each step may be repeated; a step
that another server made first shows as a conflict, and the wish is decided again on what is there now.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from chess_server import news
from chess_server.game.color import OTHER, Color
from chess_server.game.decide import Moment, Refusal, Repeat, Step, decide, due_in_ms
from chess_server.game.events import Moved
from chess_server.game.record import MoveRow, finish_of, row_of
from chess_server.game.state import Game, decode
from chess_server.game.wishes import Tick, Wish
from chess_server.store.committer import Committer
from chess_server.store.database import Database, Entry
from chess_server.store.errors import ContradictionError, UnavailableError
from chess_server.store.games import Crowd, Games, Held
from chess_server.store.health import Health, RedisTime
from chess_server.store.timers import Timers
from chess_server.wire import frames
from chess_server.wire.paths import Resume

log = structlog.get_logger(__name__)

TRIES = 4
IN_FLIGHT_SECONDS = 0.05
IN_FLIGHT_TRIES = 6
REMEMBERED_ARRIVALS = 16


class NoSuchGameError(Exception):
    """Neither Redis nor PostgreSQL has the game, or the secret is wrong."""


class Ear(Protocol):
    """Whoever can be told something."""

    def send(self, frame: bytes) -> None:
        """Send a frame."""


@dataclass(slots=True, eq=False)
class Seat:
    """A socket at a game. `v` and `epoch` say what it has been told."""

    ear: Ear
    color: Color
    player: bool
    member: str
    v: int = 0
    epoch: int = 0
    seated: bool = False
    told: str = ""

    @property
    def entry(self) -> str:
        """Its member among the game's seats in Redis."""
        return f"{self.color[0]}|{self.member}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """What rooms stand on."""

    games: Games
    database: Database
    committer: Committer
    timers: Timers
    health: Health
    clock: RedisTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long players may leave each other waiting."""

    no_start_ms: int
    abandon_ms: int


class Room:
    """A game with sockets here, or one that a timer looks at (then it is not `live`: nothing is kept)."""

    def __init__(self, game_id: str, stores: Stores, patience: Patience) -> None:
        self.id = game_id
        self.seats: set[Seat] = set()
        self.users = 0
        self.live = False
        self.crowd: Crowd | None = None
        self._stores = stores
        self._patience = patience
        self._held: Held | None = None
        self._lock = asyncio.Lock()
        self._catching = asyncio.Lock()
        self._arrivals: deque[tuple[Color, int, int]] = deque(maxlen=REMEMBERED_ARRIVALS)
        self._alarm: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # What is known of the game

    async def settled(self) -> Held:
        """Give the game with nothing left unpublished. Raises NoSuchGameError, UnavailableError, ContradictionError."""
        for _ in range(IN_FLIGHT_TRIES):
            held = await self._current()
            if held.committed == held.game.v:
                return held
            self._held = None
            await asyncio.sleep(IN_FLIGHT_SECONDS)  # most likely another server has it in hand
        return await self._settle(await self._current())

    async def _current(self) -> Held:
        held = self._held or await self._stores.games.load(self.id)
        if held is None:
            held = await self._reread(None)
        self._keep(held)
        return held

    async def _reread(self, instead_of: int | None) -> Held:
        """Read the game back from PostgreSQL into Redis, under a higher epoch."""
        game = await self._stores.database.reread(self.id)
        if game is None:
            raise NoSuchGameError(self.id)
        mine = await self._stores.games.create(game, instead_of=instead_of)
        held = await self._stores.games.load(self.id)
        if held is None:
            raise UnavailableError("redis", "the game was lost again")
        if mine:
            log.info("game read back from the database", game=self.id, epoch=game.epoch, ply=game.ply)
            await self._arm(held)
        return held

    async def _settle(self, held: Held) -> Held:
        """Store and publish what was applied in Redis, by whomever."""
        if held.committed == held.game.v:
            return held
        game = held.game
        tail = await self._stores.games.events(self.id, game.epoch, held.committed, game.v)
        if len(tail) != game.v - held.committed:
            return await self._reread(game.epoch)
        return await self._store(game, tuple(row for _, row in tail if row is not None))

    async def _store(self, game: Game, rows: tuple[MoveRow, ...]) -> Held:
        try:
            await self._stores.committer.commit(Entry(game_id=self.id, rows=rows, finish=finish_of(game)))
        except ContradictionError:
            log.warning("database holds another move; the game is read back", game=self.id, epoch=game.epoch)
            self._held = None
            await self._reread(game.epoch)
            raise
        since_ms = await self._stores.games.publish(game)
        if since_ms is None:
            self._held = None
            raise UnavailableError("redis", "the game was read back meanwhile")
        held = Held(game=game, committed=game.v, since_ms=since_ms)
        self._keep(held)
        return held

    def _keep(self, held: Held) -> None:
        known = self._held
        if self.live and (known is None or _age(held) >= _age(known)):
            self._held = held
            self._set_alarm(held)

    def forget(self) -> None:
        """Trust nothing that is remembered: the next look goes to Redis."""
        self._held = None

    # The path of a wish

    async def submit(self, color: Color, wish: Wish, received_ms: int, lag_ms: int) -> bytes | None:
        """Carry out a wish; the answer for its sender."""
        arrived_ms = self._arrival(color, wish.a, received_ms)
        async with self._lock:
            try:
                refusal = await self._try(color, wish, arrived_ms, lag_ms)
            except UnavailableError as error:
                self._held = None
                refusal = Refusal(
                    code="unavailable", message=f"{error.store} does not answer; send the same again"
                )
            except ContradictionError:
                refusal = Refusal(
                    code="conflict", message="the game was read back from the database; see the full"
                )
        if refusal is not None:
            return frames.refusal(wish.a, refusal.code, refusal.message)
        return None if wish.a is None else frames.ack(wish.a)

    async def _try(self, color: Color, wish: Wish, arrived_ms: int, lag_ms: int) -> Refusal | None:
        for _ in range(TRIES):
            remembered = self._held
            held = await self._settle(await self._current())
            moment = await self._moment(held, color, wish, arrived_ms, lag_ms)
            outcome = decide(held.game, color, wish, moment)
            if isinstance(outcome, Refusal):
                if held is not remembered:
                    return outcome
                self._held = None  # news may be under way: nobody is refused on what is only remembered
                continue
            if isinstance(outcome, Repeat) or await self._carry_out(held.game, outcome, wish.a):
                return None
            self._held = None
        return Refusal(code="overloaded", message="too many wishes at once; send the same again")

    async def _carry_out(self, before: Game, step: Step, a: int | None) -> bool:
        applied = await self._stores.games.apply(before, step, a)
        if applied != "ok":
            self._held = None
            return False
        self._held = None
        await self._store(step.game, _rows(step, a))
        if step.game.over:
            await self._stores.timers.disarm(self.id)
        return True

    async def _moment(self, held: Held, color: Color, wish: Wish, arrived_ms: int, lag_ms: int) -> Moment:
        return Moment(
            elapsed_ms=self._stores.health.outages.elapsed(held.since_ms, arrived_ms),
            lag_ms=lag_ms,
            opponent_gone=wish.name.endswith("-force") and await self._is_gone(OTHER[color]),
            no_start_ms=self._patience.no_start_ms,
        )

    async def _is_gone(self, color: Color) -> bool:
        crowd = await self._stores.games.seat("look", self.id, [])
        left_ms = None if crowd is None else crowd.left_ms(color)
        if left_ms is None:
            return False
        away_ms = self._stores.health.outages.elapsed(left_ms, self._stores.clock.now_ms())
        return away_ms >= self._patience.abandon_ms

    def _arrival(self, color: Color, a: int | None, received_ms: int) -> int:
        """When the first copy of a wish came: a player does not pay for having to send it again."""
        if a is None:
            return received_ms
        for known_color, known_a, known_ms in self._arrivals:
            if (known_color, known_a) == (color, a):
                return known_ms
        self._arrivals.append((color, a, received_ms))
        return received_ms

    # The clock

    async def look(self) -> bool:
        """See whether time has ended the game; True when it is over."""
        held = await self.settled()
        if not held.game.over:
            await self.submit(held.game.turn, Tick(), self._stores.clock.now_ms(), 0)
            held = await self.settled()
        if not held.game.over:
            await self._arm(held)
        return held.game.over

    async def _arm(self, held: Held) -> None:
        now_ms = self._stores.clock.now_ms()
        if not held.game.over:
            await self._stores.timers.arm(self.id, now_ms + self._remaining_ms(held, now_ms), now_ms)

    def _remaining_ms(self, held: Held, now_ms: int) -> int:
        elapsed = self._stores.health.outages.elapsed(held.since_ms, now_ms)
        return max(due_in_ms(held.game, self._patience.no_start_ms) - elapsed, 0)

    def _set_alarm(self, held: Held) -> None:
        self._drop_alarm()
        if held.game.over or not any(seat.player for seat in self.seats):
            return
        remaining_ms = self._remaining_ms(held, self._stores.clock.now_ms())
        self._alarm = asyncio.get_running_loop().call_later(
            (remaining_ms + 20) / 1000, self._ring, held.game.turn
        )

    def _ring(self, turn: Color) -> None:
        self._alarm = None
        self.spawn(self._tick(turn))

    async def _tick(self, turn: Color) -> None:
        await self.submit(turn, Tick(), self._stores.clock.now_ms(), 0)
        if self._held is not None and self._alarm is None and not self._held.game.over:
            self._alarm = asyncio.get_running_loop().call_later(1.0, self._ring, self._held.game.turn)

    def _drop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    # Who is here

    async def join(self, seat: Seat, resume: Resume | None, player_id: str | None) -> Game:
        """Bring a socket up to date and keep it so. A player's secret decides the colour."""
        held = await self.settled()
        if player_id is not None:
            color = held.game.color_of(player_id)
            if color is None:
                raise NoSuchGameError(self.id)
            seat.color = color
        await self._sit(seat)
        held = await self.settled()
        missed = await self._missed(held, resume)
        self._welcome(seat, held, missed)
        return held.game

    async def _sit(self, seat: Seat) -> None:
        seat.seated = seat.player
        members = [seat.entry] if seat.player else []
        crowd = await self._stores.games.seat("in" if seat.player else "look", self.id, members)
        self.crowd = crowd or self.crowd

    async def _missed(self, held: Held, resume: Resume | None) -> list[bytes] | None:
        game = held.game
        if resume is None or resume.epoch != game.epoch or resume.v > game.v:
            return None
        found = await self._stores.games.events(self.id, game.epoch, resume.v, game.v)
        return [frame for frame, _ in found] if len(found) == game.v - resume.v else None

    def _welcome(self, seat: Seat, held: Held, missed: list[bytes] | None) -> None:
        seat.v, seat.epoch = held.game.v, held.game.epoch
        if missed is None:
            seat.ear.send(self._full(seat, held))
        else:
            seat.ear.send(frames.batch(held.game.v, held.game.epoch, missed))
        self.seats.add(seat)
        newest = self._held
        if newest is not None and _age(newest) > _age(held):
            self.spawn(self._catch_up())
        self._set_alarm(newest or held)

    def _full(self, seat: Seat, held: Held) -> bytes:
        now_ms = self._stores.clock.now_ms()
        elapsed_ms = self._stores.health.outages.elapsed(held.since_ms, now_ms)
        left: dict[Color, float | None] = {
            "white": self._claim_in_ms("white", now_ms),
            "black": self._claim_in_ms("black", now_ms),
        }
        return frames.full(held.game, seat.color, player=seat.player, elapsed_ms=elapsed_ms, left_ms=left)

    def _claim_in_ms(self, color: Color, now_ms: int) -> float | None:
        left_ms = None if self.crowd is None else self.crowd.left_ms(color)
        if left_ms is None:
            return None
        return max(self._patience.abandon_ms - self._stores.health.outages.elapsed(left_ms, now_ms), 0)

    async def leave(self, seat: Seat) -> None:
        """Take a socket away."""
        self.seats.discard(seat)
        if seat.seated:
            await self._stores.games.seat("out", self.id, [seat.entry])

    async def stay(self) -> None:
        """Repeat that the players here are still here."""
        members = [seat.entry for seat in self.seats if seat.player]
        if members:
            self.crowd = await self._stores.games.seat("in", self.id, members) or self.crowd
            self._tell_gone()

    def _tell_gone(self) -> None:
        over = self._held is not None and self._held.game.over
        now_ms = self._stores.clock.now_ms()
        for seat in [seat for seat in self.seats if seat.player]:
            away: Color = OTHER[seat.color]
            claim_in_ms = None if over else self._claim_in_ms(away, now_ms)
            _tell(seat, away, claim_in_ms)

    # What the other servers say

    def hear(self, message: bytes) -> None:
        """Take news of the game's channel."""
        heard = news.parse(message)
        if isinstance(heard, news.Happened):
            self._hear_events(heard)
        elif isinstance(heard, Crowd):
            self._hear_crowd(heard)
        else:
            self.forget()
            self.spawn(self._catch_up())

    def _hear_events(self, heard: news.Happened) -> None:
        if self._held is not None and (heard.epoch, heard.last) > _age(self._held):
            self._held = None
        for v, frame in enumerate(heard.frames, heard.first):
            for seat in self.seats:
                if seat.epoch == heard.epoch and seat.v == v - 1:
                    seat.v = v
                    seat.ear.send(frame)
        if heard.state:
            self._keep(Held(game=decode(heard.state), committed=heard.last, since_ms=heard.since_ms))
        if any((seat.epoch, seat.v) < (heard.epoch, heard.last) for seat in self.seats):
            self.spawn(self._catch_up())

    def _hear_crowd(self, crowd: Crowd) -> None:
        if self.crowd != crowd:
            self.crowd = crowd
            frame = frames.crowd(white=crowd.white_left_ms is None, black=crowd.black_left_ms is None)
            for seat in self.seats:
                seat.ear.send(frame)

    async def _catch_up(self) -> None:
        """Bring sockets up to date that have missed something; one task does it for all."""
        async with self._catching:
            await self._catch_up_all()

    async def _catch_up_all(self) -> None:
        held = await self.settled()
        for seat in [seat for seat in self.seats if (seat.epoch, seat.v) != _age(held)]:
            missed = await self._missed(held, Resume(v=seat.v, epoch=seat.epoch))
            if (seat.epoch, seat.v) < _age(held) or seat.epoch != held.game.epoch:
                self._bring(seat, held, missed)

    def _bring(self, seat: Seat, held: Held, missed: list[bytes] | None) -> None:
        if missed is None:
            seat.ear.send(self._full(seat, held))
        else:
            for frame in missed[len(missed) - (held.game.v - seat.v) :]:
                seat.ear.send(frame)
        seat.v, seat.epoch = held.game.v, held.game.epoch

    async def check(self, version: tuple[int, int, int] | None) -> None:
        """Compare what Redis holds with what was told here, and mend it."""
        if version is None or any((seat.epoch, seat.v) < (version[0], version[2]) for seat in self.seats):
            self.forget()
            await self._catch_up()
        elif version[1] > version[2]:
            async with self._lock:
                self.forget()
                await self.settled()

    # Loose ends

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something beside; what the stores refuse is mended by the next sweep."""
        task = asyncio.get_running_loop().create_task(_quietly(self.id, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Forget everything; nobody is here any more."""
        self.live = False
        self._held = None
        self._drop_alarm()


def _age(held: Held) -> tuple[int, int]:
    return held.game.epoch, held.committed


def _rows(step: Step, a: int | None) -> tuple[MoveRow, ...]:
    return tuple(row_of(event, a, step.game) for event in step.events if isinstance(event, Moved))


def _tell(seat: Seat, away: Color, claim_in_ms: float | None) -> None:
    """Tell a player once that the opponent has gone, once that the claim is open, once that the opponent is back."""
    if claim_in_ms is None:
        if seat.told:
            seat.ear.send(frames.gone(away, is_gone=False))
        seat.told = ""
    elif not seat.told:
        seat.ear.send(frames.gone(away, is_gone=True))
        seat.ear.send(frames.gone_in(away, claim_in_ms / 1000))
        seat.told = "gone"
    if claim_in_ms == 0 and seat.told == "gone":
        seat.ear.send(frames.gone_in(away, 0.0))
        seat.told = "claimable"


async def _quietly(game_id: str, work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except (UnavailableError, ContradictionError, NoSuchGameError) as error:
        log.debug("put off", game=game_id, reason=str(error))
    except Exception:
        log.exception("a game's task failed", game=game_id)
