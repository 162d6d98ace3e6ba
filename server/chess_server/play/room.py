"""One game on this server: who joins and leaves, what all servers publish, and the game's clock.

Commands go to its `executor`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from chess_server.game.color import Color
from chess_server.game.commands import Tick
from chess_server.game.shared import Crowd, Held, age
from chess_server.game.state import Game, decode
from chess_server.play import channel
from chess_server.play.attendance import Attendance
from chess_server.play.executor import CommandExecutor
from chess_server.play.game_clock import GameClock
from chess_server.play.ledger import Ledger, Listening, WrongSecretError
from chess_server.play.subscribers import Subscriber, Subscribers
from chess_server.store.stores import Stores
from chess_server.supervisor import Guard
from chess_server.wire.paths import PlayPlace, Resume

BOTH_CONNECTED: dict[Color, float | None] = {"white": None, "black": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long until a game without first moves ends, and until an absence may be claimed (None: by its speed)."""

    no_start_ms: int
    abandon_ms: int | None


class Room:
    """A game with sockets on this server, or one that a timer checks (then its state is not kept in memory)."""

    def __init__(
        self,
        game_id: str,
        stores: Stores,
        timeouts: Timeouts,
        guard: Guard,
        subscribed: Callable[[], bool],
    ) -> None:
        self.id = game_id
        self.users = 0
        self.subscribers = Subscribers()
        listening = Listening(on_kept=self._set_alarm, on_message=self.on_message, subscribed=subscribed)
        self.ledger = Ledger(game_id, stores, timeouts.no_start_ms, listening)
        self._stores = stores
        self._crowd_sent: Crowd | None = None
        self._catching = asyncio.Lock()
        self._attendance = Attendance(game_id, stores, timeouts.abandon_ms)
        self.executor = CommandExecutor(self.ledger, self._attendance, stores, timeouts.no_start_ms)
        self._clock = GameClock(lambda turn: self.spawn(self._tick(turn)))
        self._guard = guard
        self._tasks: set[asyncio.Task[bool]] = set()

    # The clock

    async def check_time(self) -> bool:
        """End the game if its time is up; True if the game is over."""
        held = await self.ledger.settled(taking_over=True)
        if not held.game.over:
            await self.executor.submit(held.game.turn, Tick(), self._stores.clock.now_ms(), 0)
            held = await self.ledger.settled()
        if not held.game.over:
            await self.ledger.arm(held)
        return held.game.over

    def _set_alarm(self, held: Held) -> None:
        self.executor.saw(held)
        if held.game.over or not self.subscribers.players:
            self._clock.stop()
        else:
            self._clock.set(held.game.turn, self.ledger.remaining_ms(held, self._stores.clock.now_ms()))

    async def _tick(self, turn: Color) -> None:
        await self.executor.submit(turn, Tick(), self._stores.clock.now_ms(), 0)
        held = self.ledger.held
        if held is not None and not held.game.over:
            self._clock.retry(held.game.turn)

    # Joining and leaving

    async def join(self, subscriber: Subscriber, resume: Resume | None, player: PlayPlace | None) -> Game:
        """Bring a socket up to date and keep it so. `player` decides a player's color. Raises NoSuchGameError."""
        held = await self.ledger.settled()
        if player is not None:
            color = player.color_in(held.game)
            if color is None:
                raise WrongSecretError(self.id)
            subscriber.color = color
            await self.ledger.settled(taking_over=True)
        await self._attendance.sit(subscriber)
        held = await self.ledger.settled()
        missed = await self._missed(held, resume)
        self.subscribers.welcome(subscriber, held, missed, self._attendance.timing(held))
        newest = self.ledger.held
        if newest is not None and age(newest) > age(held):
            self.spawn(self._catch_up())  # a newer event came between the read and the welcome
        self._set_alarm(newest or held)
        return held.game

    async def _missed(self, held: Held, resume: Resume | None) -> list[bytes] | None:
        game = held.game
        if resume is None or resume.epoch != game.epoch or resume.v > game.v:
            return None
        found = await self._stores.games.events(self.id, game.epoch, resume.v, game.v)
        return [frame for frame, _ in found] if len(found) == game.v - resume.v else None

    async def leave(self, subscriber: Subscriber) -> None:
        """Remove a socket."""
        self.subscribers.all.discard(subscriber)
        await self._attendance.leave(subscriber)

    @property
    def seated(self) -> list[str]:
        """The members that this server keeps among the game's seats."""
        return [player.entry for player in self.subscribers.players]

    def seen(self, crowd: Crowd | None) -> None:
        """Take in who was connected when the seats were written again; send players what that changes."""
        self._attendance.crowd = crowd or self._attendance.crowd
        over = self.ledger.held is not None and self.ledger.held.game.over
        self.subscribers.send_absence(BOTH_CONNECTED if over else self._attendance.claimable_in_ms())

    # What servers publish

    def on_message(self, message: bytes) -> None:
        """Handle a message of the game's channel."""
        parsed = channel.parse(message)
        if isinstance(parsed, channel.Happened):
            self._on_events(parsed)
        elif isinstance(parsed, Crowd):
            self._on_crowd(parsed)
        else:
            self.ledger.forget()
            self.spawn(self._catch_up())

    def _on_events(self, happened: channel.Happened) -> None:
        if self.ledger.held is not None and (happened.epoch, happened.last) > age(self.ledger.held):
            self.ledger.forget()
        complete = self.subscribers.publish(happened)
        game = self.ledger.take_stored(happened.epoch, happened.last)
        if game is None and happened.state:
            game = decode(happened.state)
        if game is not None:
            self.ledger.keep(Held(game=game, committed=happened.last, since_ms=happened.since_ms))
        if not complete:
            self.spawn(self._catch_up())

    def _on_crowd(self, crowd: Crowd) -> None:
        self._attendance.crowd = crowd
        if self._crowd_sent != crowd:
            self._crowd_sent = crowd
            self.subscribers.send_crowd(crowd)
            self.subscribers.send_returns(crowd)

    async def _catch_up(self) -> None:
        """Bring all sockets up to date that have missed an event; one task at a time does it."""
        async with self._catching:
            held = await self.ledger.settled()
            behind = [one for one in self.subscribers.all if (one.epoch, one.v) != age(held)]
            for one in behind:
                missed = await self._missed(held, Resume(v=one.v, epoch=one.epoch))
                self.subscribers.catch_up(one, held, missed, self._attendance.timing(held))

    def differs(self, version: tuple[int, int, int] | None) -> bool:
        """Whether what Redis holds (epoch, v, committed) is not what was sent from here, or is not stored yet."""
        return version is None or version[1] > version[2] or self.subscribers.behind(version[0], version[2])

    async def check(self, version: tuple[int, int, int] | None) -> None:
        """Compare what Redis holds (epoch, v, committed) with what was sent from here, and repair a difference."""
        if version is None or self.subscribers.behind(version[0], version[2]):
            self.ledger.forget()
            await self._catch_up()
        elif version[1] > version[2]:
            await self.executor.settle()

    # Tasks

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        """Run a task; the next sweep repairs what fails because of a store."""
        task = asyncio.get_running_loop().create_task(self._guard.run(self.id, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Stop the clock and drop the state, after the last client has left."""
        self.ledger.live = False
        self.ledger.forget()
        self._clock.stop()
