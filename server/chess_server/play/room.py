"""One game as this server sees it: the path of a command, the clock, who is here.

A command: decide (pure) → apply in Redis → commit to PostgreSQL → publish → acknowledge. Each step may be repeated; a
step that another server made first shows as a conflict, and the command is decided again on what is there now.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from chess_server.game.color import OTHER, Color
from chess_server.game.commands import Command, Tick
from chess_server.game.decide import Duplicate, Moment, Rejected, decide
from chess_server.game.shared import Crowd, Held, age
from chess_server.game.state import Game, decode
from chess_server.play import channel
from chess_server.play.ledger import Ledger, NoSuchGameError
from chess_server.play.subscribers import Presence, Subscriber, Subscribers
from chess_server.store.errors import ContradictionError, UnavailableError
from chess_server.store.stores import Stores
from chess_server.wire import frames
from chess_server.wire.paths import Resume

log = structlog.get_logger(__name__)

TRIES = 4
REMEMBERED_ARRIVALS = 16
NOBODY_GONE: dict[Color, float | None] = {"white": None, "black": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long players may leave each other waiting."""

    no_start_ms: int
    abandon_ms: int


class Room:
    """A game with sockets here, or one that a timer looks at (then it is not live: nothing is kept)."""

    def __init__(self, game_id: str, stores: Stores, timeouts: Timeouts) -> None:
        self.id = game_id
        self.users = 0
        self.subscribers = Subscribers()
        self.ledger = Ledger(game_id, stores, timeouts.no_start_ms, self._set_alarm)
        self._stores = stores
        self._timeouts = timeouts
        self._crowd: Crowd | None = None
        self._told: Crowd | None = None
        self._lock = asyncio.Lock()
        self._catching = asyncio.Lock()
        self._arrivals: deque[tuple[Color, int, int]] = deque(maxlen=REMEMBERED_ARRIVALS)
        self._alarm: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # The path of a command

    async def submit(self, color: Color, command: Command, received_ms: int, lag_ms: int) -> bytes | None:
        """Carry out a command; the answer for its sender."""
        arrived_ms = self._arrival(color, command.a, received_ms)
        async with self._lock:
            try:
                rejected = await self._try(color, command, arrived_ms, lag_ms)
            except UnavailableError as error:
                self.ledger.forget()
                rejected = Rejected(
                    code="unavailable", message=f"{error.store} does not answer; send the same again"
                )
            except ContradictionError:
                rejected = Rejected(
                    code="conflict", message="the game was read back from the database; see the full"
                )
        if rejected is not None:
            return frames.rejected(command.a, rejected.code, rejected.message)
        return None if command.a is None else frames.ack(command.a)

    async def _try(self, color: Color, command: Command, arrived_ms: int, lag_ms: int) -> Rejected | None:
        for _ in range(TRIES):
            remembered = self.ledger.held
            held = await self.ledger.settle(await self.ledger.current())
            moment = await self._moment(held, color, command, arrived_ms, lag_ms)
            outcome = decide(held.game, color, command, moment)
            if isinstance(outcome, Rejected):
                if held is not remembered:
                    return outcome
                self.ledger.forget()  # news may be under way: nobody is refused on what is only remembered
                continue
            if isinstance(outcome, Duplicate) or await self.ledger.carry_out(held.game, outcome, command.a):
                return None
            self.ledger.forget()
        return Rejected(code="overloaded", message="too many commands at once; send the same again")

    async def _moment(
        self, held: Held, color: Color, command: Command, arrived_ms: int, lag_ms: int
    ) -> Moment:
        return Moment(
            elapsed_ms=self._stores.health.outages.elapsed(held.since_ms, arrived_ms),
            lag_ms=lag_ms,
            opponent_gone=command.claims_absence and await self._is_gone(OTHER[color]),
            no_start_ms=self._timeouts.no_start_ms,
        )

    async def _is_gone(self, color: Color) -> bool:
        crowd = await self._stores.games.seat("look", self.id, [])
        left_ms = None if crowd is None else crowd.left_ms(color)
        if left_ms is None:
            return False
        away_ms = self._stores.health.outages.elapsed(left_ms, self._stores.clock.now_ms())
        return away_ms >= self._timeouts.abandon_ms

    def _arrival(self, color: Color, a: int | None, received_ms: int) -> int:
        """When the first copy of a command came: a player does not pay for having to send it again."""
        if a is None:
            return received_ms
        for known_color, known_a, known_ms in self._arrivals:
            if (known_color, known_a) == (color, a):
                return known_ms
        self._arrivals.append((color, a, received_ms))
        return received_ms

    # The clock

    async def check_time(self) -> bool:
        """See whether time has ended the game; True when it is over."""
        held = await self.ledger.settled()
        if not held.game.over:
            await self.submit(held.game.turn, Tick(), self._stores.clock.now_ms(), 0)
            held = await self.ledger.settled()
        if not held.game.over:
            await self.ledger.arm(held)
        return held.game.over

    def _set_alarm(self, held: Held) -> None:
        self._drop_alarm()
        if held.game.over or not self.subscribers.players:
            return
        remaining_ms = self.ledger.remaining_ms(held, self._stores.clock.now_ms())
        self._alarm = asyncio.get_running_loop().call_later(
            (remaining_ms + 20) / 1000, self._ring, held.game.turn
        )

    def _ring(self, turn: Color) -> None:
        self._alarm = None
        self.spawn(self._tick(turn))

    async def _tick(self, turn: Color) -> None:
        await self.submit(turn, Tick(), self._stores.clock.now_ms(), 0)
        if self.ledger.held is not None and self._alarm is None and not self.ledger.held.game.over:
            self._alarm = asyncio.get_running_loop().call_later(1.0, self._ring, self.ledger.held.game.turn)

    def _drop_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    # Who is here

    async def join(self, seat: Subscriber, resume: Resume | None, player_id: str | None) -> Game:
        """Bring a socket up to date and keep it so. A player's secret decides the colour."""
        held = await self.ledger.settled()
        if player_id is not None:
            color = held.game.color_of(player_id)
            if color is None:
                raise NoSuchGameError(self.id)
            seat.color = color
        await self._sit(seat)
        held = await self.ledger.settled()
        missed = await self._missed(held, resume)
        self.subscribers.welcome(seat, held, missed, self._presence(held))
        newest = self.ledger.held
        if newest is not None and age(newest) > age(held):
            self.spawn(self._catch_up())  # it came between the read and the welcome
        self._set_alarm(newest or held)
        return held.game

    async def _sit(self, seat: Subscriber) -> None:
        seat.seated = seat.player
        members = [seat.entry] if seat.player else []
        crowd = await self._stores.games.seat("in" if seat.player else "look", self.id, members)
        self._crowd = crowd or self._crowd

    async def _missed(self, held: Held, resume: Resume | None) -> list[bytes] | None:
        game = held.game
        if resume is None or resume.epoch != game.epoch or resume.v > game.v:
            return None
        found = await self._stores.games.events(self.id, game.epoch, resume.v, game.v)
        return [frame for frame, _ in found] if len(found) == game.v - resume.v else None

    def _presence(self, held: Held) -> Presence:
        now_ms = self._stores.clock.now_ms()
        return Presence(elapsed_ms=self._elapsed_ms(held.since_ms, now_ms), left_ms=self._left_ms(now_ms))

    def _left_ms(self, now_ms: int) -> dict[Color, float | None]:
        return {"white": self._claim_in_ms("white", now_ms), "black": self._claim_in_ms("black", now_ms)}

    def _elapsed_ms(self, since_ms: int, until_ms: int) -> int:
        return self._stores.health.outages.elapsed(since_ms, until_ms)

    def _claim_in_ms(self, color: Color, now_ms: int) -> float | None:
        left_ms = None if self._crowd is None else self._crowd.left_ms(color)
        if left_ms is None:
            return None
        return max(self._timeouts.abandon_ms - self._elapsed_ms(left_ms, now_ms), 0)

    async def leave(self, seat: Subscriber) -> None:
        """Take a socket away."""
        self.subscribers.seats.discard(seat)
        if seat.seated:
            await self._stores.games.seat("out", self.id, [seat.entry])

    async def refresh_seats(self) -> None:
        """Repeat that the players here are still here."""
        members = [seat.entry for seat in self.subscribers.players]
        if not members:
            return
        self._crowd = await self._stores.games.seat("in", self.id, members) or self._crowd
        over = self.ledger.held is not None and self.ledger.held.game.over
        self.subscribers.tell_gone(NOBODY_GONE if over else self._left_ms(self._stores.clock.now_ms()))

    # What the other servers say

    def on_message(self, message: bytes) -> None:
        """Take news of the game's channel."""
        heard = channel.parse(message)
        if isinstance(heard, channel.Happened):
            self._on_events(heard)
        elif isinstance(heard, Crowd):
            self._on_crowd(heard)
        else:
            self.ledger.forget()
            self.spawn(self._catch_up())

    def _on_events(self, heard: channel.Happened) -> None:
        if self.ledger.held is not None and (heard.epoch, heard.last) > age(self.ledger.held):
            self.ledger.forget()
        complete = self.subscribers.hear(heard)
        if heard.state:
            self.ledger.keep(Held(game=decode(heard.state), committed=heard.last, since_ms=heard.since_ms))
        if not complete:
            self.spawn(self._catch_up())

    def _on_crowd(self, crowd: Crowd) -> None:
        self._crowd = crowd
        if self._told != crowd:
            self._told = crowd
            self.subscribers.tell_crowd(crowd)

    async def _catch_up(self) -> None:
        """Bring sockets up to date that have missed something; one task does it for all."""
        async with self._catching:
            await self._catch_up_all()

    async def _catch_up_all(self) -> None:
        held = await self.ledger.settled()
        for seat in [seat for seat in self.subscribers.seats if (seat.epoch, seat.v) != age(held)]:
            missed = await self._missed(held, Resume(v=seat.v, epoch=seat.epoch))
            self.subscribers.bring(seat, held, missed, self._presence(held))

    async def check(self, version: tuple[int, int, int] | None) -> None:
        """Compare what Redis holds with what was told here, and mend it."""
        if version is None or self.subscribers.behind(version[0], version[2]):
            self.ledger.forget()
            await self._catch_up()
        elif version[1] > version[2]:
            async with self._lock:
                self.ledger.forget()
                await self.ledger.settled()

    # Loose ends

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something beside; what the stores refuse is mended by the next sweep."""
        task = asyncio.get_running_loop().create_task(_quietly(self.id, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Forget everything; nobody is here any more."""
        self.ledger.live = False
        self.ledger.forget()
        self._drop_alarm()


async def _quietly(game_id: str, work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except (UnavailableError, ContradictionError, NoSuchGameError) as error:
        log.debug("put off", game=game_id, reason=str(error))
    except Exception:
        log.exception("a game's task failed", game=game_id)
