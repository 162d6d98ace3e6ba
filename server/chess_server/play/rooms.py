"""All games with a socket on this server: one subscription each, compared with Redis at regular intervals."""

import asyncio
import contextlib
from collections.abc import Iterator
from functools import partial
from itertools import islice
from time import monotonic

from chess_server.game.state import Game
from chess_server.play.ledger import NoSuchGameError
from chess_server.play.room import Room, Timeouts
from chess_server.store.errors import BrokenGameError, ContradictionError, UnavailableError
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.keys import Keys
from chess_server.store.stores import Stores
from chess_server.supervisor import Guard, Progress

SWEEP_SECONDS = 3.0
SEATS_SECONDS = 5.0
TIMER_SECONDS = 1.0
CHUNK = 200
SHORTEST_PAUSE_SECONDS = 0.5
TIMERS_AT_ONCE = 8
PUT_OFF_MS = 60_000
"""Until a game whose check failed for a reason of its own is checked again, by whichever server."""
POSTPONED = (UnavailableError, ContradictionError, BrokenGameError, NoSuchGameError)
"""What the next round repairs."""


class Rooms:
    """The rooms of this server, by game id."""

    def __init__(self, stores: Stores, bus: Bus, keys: Keys, timeouts: Timeouts) -> None:
        self._stores = stores
        self._bus = bus
        self._keys = keys
        self._timeouts = timeouts
        self._rooms: dict[str, Room] = {}
        self._sweep_now = asyncio.Event()
        self._guard = Guard("game", POSTPONED)
        self._timers = Guard("timer", POSTPONED)

    @property
    def playing(self) -> int:
        """The number of games with a player's socket on this server."""
        return sum(bool(room.subscribers.players) for room in self._rooms.values())

    def game(self, game_id: str) -> Game | None:
        """Return a game as this server remembers it, without asking a store; None if it does not."""
        room = self._rooms.get(game_id)
        held = None if room is None else room.ledger.held
        return None if held is None else held.game

    async def enter(self, game_id: str) -> Room:
        """Return the room of a game, subscribed to its channel; `quit` must follow each `enter`."""
        room = self._rooms.get(game_id)
        if room is None:
            room = self._rooms[game_id] = self._room(game_id)
        room.users += 1
        await self._bus.subscribe(self._keys.channel(game_id), room.on_message)
        room.ledger.live = True
        return room

    def _room(self, game_id: str) -> Room:
        subscribed = partial(self._bus.subscribed, self._keys.channel(game_id))
        return Room(game_id, self._stores, self._timeouts, self._guard, subscribed)

    async def quit(self, game_id: str) -> None:
        """Leave a room; the last client to leave ends the subscription."""
        room = self._rooms[game_id]
        room.users -= 1
        if room.users == 0:
            del self._rooms[game_id]
            room.close()
            await self._bus.unsubscribe(self._keys.channel(game_id))

    def distrust(self) -> None:
        """Drop the state of every game in memory, and compare all rooms with Redis now."""
        for room in self._rooms.values():
            room.ledger.forget()
        self._sweep_now.set()

    async def sweep(self, progress: Progress) -> None:
        """Compare all rooms with Redis, again and again until cancelled."""
        while True:
            progress()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._sweep_now.wait()
            self._sweep_now.clear()
            for rooms in _chunks(list(self._rooms.values())):
                await self._guard.run("sweep", self._compare(rooms))
                progress()

    async def refresh_seats(self, progress: Progress) -> None:
        """Write the players' seats again before they expire, until cancelled."""
        while True:
            began = monotonic()
            for rooms in _chunks([room for room in self._rooms.values() if room.subscribers.players]):
                await self._guard.run("seats", self._sit_again(rooms))
                progress()
            progress()
            await asyncio.sleep(max(began + SEATS_SECONDS - monotonic(), SHORTEST_PAUSE_SECONDS))

    async def check_timers(self, progress: Progress) -> None:
        """Check games whose timer is due, on whichever server their players are, until cancelled."""
        while True:
            progress()
            await asyncio.sleep(TIMER_SECONDS)
            await self._guard.run("timers", self._check_due(progress))

    async def _compare(self, rooms: list[Room]) -> None:
        versions = await self._stores.games.versions([room.id for room in rooms])
        for room, version in zip(rooms, versions, strict=True):
            if room.differs(version):
                room.spawn(room.check(version))

    async def _sit_again(self, rooms: list[Room]) -> None:
        asked = {room.id: room.seated for room in rooms}
        crowds = await self._stores.games.seat_many(asked)
        for room in rooms:
            room.seen(crowds[room.id])
            left = set(asked[room.id]) - set(
                room.seated
            )  # gone since the call began, which may have put them back
            if left:
                await self._stores.games.seat("out", room.id, list(left))

    async def _check_due(self, progress: Progress) -> None:
        checks = {game_id: partial(self._check, game_id) for game_id in await self._stores.timers.due()}
        await self._timers.each(checks, at_once=TIMERS_AT_ONCE, progress=progress)

    async def _check(self, game_id: str) -> None:
        """Check one game. One that cannot be checked is put off, so that its timer is not due again at once."""
        room = self._rooms.get(game_id) or self._room(game_id)
        try:
            over = await room.check_time()
        except NoSuchGameError:
            over = True
        except (UnavailableError, ContradictionError):
            raise  # due again when the lease ends
        except Exception:
            await self._put_off(game_id)
            raise
        if over:
            await self._stores.timers.disarm(game_id)

    async def _put_off(self, game_id: str) -> None:
        now_ms = self._stores.clock.now_ms()
        await self._stores.timers.arm(game_id, now_ms + PUT_OFF_MS, now_ms)


def _chunks(rooms: list[Room]) -> Iterator[list[Room]]:
    rest = iter(rooms)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
