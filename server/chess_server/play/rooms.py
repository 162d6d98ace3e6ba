"""All games with a socket on this server: one subscription each, compared with Redis at regular intervals."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice

import structlog

from chess_server.play.ledger import NoSuchGameError
from chess_server.play.room import Room, Timeouts
from chess_server.store.errors import BrokenGameError, ContradictionError, UnavailableError
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.keys import Keys
from chess_server.store.stores import Stores

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 3.0
SEATS_SECONDS = 5.0
TIMER_SECONDS = 1.0
CHUNK = 200
REARM_IN_MS = 2000


class Rooms:
    """The rooms of this server, by game id."""

    def __init__(self, stores: Stores, bus: Bus, keys: Keys, timeouts: Timeouts) -> None:
        self._stores = stores
        self._bus = bus
        self._keys = keys
        self._timeouts = timeouts
        self._rooms: dict[str, Room] = {}
        self._sweep_now = asyncio.Event()

    @property
    def playing(self) -> int:
        """The number of games with a player's socket on this server."""
        return sum(bool(room.subscribers.players) for room in self._rooms.values())

    async def enter(self, game_id: str) -> Room:
        """Return the room of a game, subscribed to its channel; `quit` must follow each `enter`."""
        room = self._rooms.get(game_id)
        if room is None:
            room = self._rooms[game_id] = Room(game_id, self._stores, self._timeouts)
        room.users += 1
        await self._bus.subscribe(self._keys.channel(game_id), room.on_message)
        room.ledger.live = True
        return room

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

    async def sweep(self) -> None:
        """Compare all rooms with Redis, again and again until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._sweep_now.wait()
            self._sweep_now.clear()
            await self._try(self._sweep_once)

    async def refresh_seats(self) -> None:
        """Write the players' seats again before they expire, until cancelled."""
        while True:
            await asyncio.sleep(SEATS_SECONDS)
            for room in list(self._rooms.values()):
                await self._try(room.refresh_seats)

    async def check_timers(self) -> None:
        """Check games whose timer is due, on whichever server their players are, until cancelled."""
        while True:
            await asyncio.sleep(TIMER_SECONDS)
            await self._try(self._check_due)

    async def rearm(self, pod_uid: str) -> None:
        """Set the timers of all games in play after Redis has lost them; one server does it for all."""
        if not await self._stores.timers.may_rearm(pod_uid):
            return
        after, at_ms = "", self._stores.clock.now_ms() + REARM_IN_MS
        while found := await self._stores.database.live_games(after):
            await self._stores.timers.rearm(found, at_ms)
            after = found[-1]

    async def _try(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except (UnavailableError, ContradictionError, BrokenGameError, NoSuchGameError) as error:
            log.debug("postponed", reason=str(error))
        except Exception:
            log.exception("a round failed")

    async def _sweep_once(self) -> None:
        async for rooms in _chunks(list(self._rooms.values())):
            versions = await self._stores.games.versions([room.id for room in rooms])
            for room, version in zip(rooms, versions, strict=True):
                room.spawn(room.check(version))

    async def _check_due(self) -> None:
        for game_id in await self._stores.timers.due():
            room = self._rooms.get(game_id) or Room(game_id, self._stores, self._timeouts)
            try:
                if await room.check_time():
                    await self._stores.timers.disarm(game_id)
            except NoSuchGameError:
                await self._stores.timers.disarm(game_id)


async def _chunks(rooms: list[Room]) -> AsyncIterator[list[Room]]:
    rest = iter(rooms)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
        await asyncio.sleep(0)
