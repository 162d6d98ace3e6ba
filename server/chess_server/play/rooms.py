"""All games with a socket here: one subscription each, swept regularly against what Redis holds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice

import structlog

from chess_server.play.ledger import NoSuchGameError
from chess_server.play.room import Room, Timeouts
from chess_server.store.errors import ContradictionError, UnavailableError
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.keys import Keys
from chess_server.store.stores import Stores

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 3.0
STAY_SECONDS = 5.0
TIMER_SECONDS = 1.0
CHUNK = 200
REARM_IN_MS = 2000


class Rooms:
    """The rooms of this server, by game."""

    def __init__(self, stores: Stores, bus: Bus, keys: Keys, timeouts: Timeouts) -> None:
        self._stores = stores
        self._bus = bus
        self._keys = keys
        self._timeouts = timeouts
        self._rooms: dict[str, Room] = {}
        self._sweep_now = asyncio.Event()

    @property
    def playing(self) -> int:
        """Games with at least one player's socket here."""
        return sum(bool(room.subscribers.players) for room in self._rooms.values())

    async def enter(self, game_id: str) -> Room:
        """Give the room of a game, subscribed; each `enter` is paired with one `quit`."""
        room = self._rooms.get(game_id)
        if room is None:
            room = self._rooms[game_id] = Room(game_id, self._stores, self._timeouts)
        room.users += 1
        await self._bus.subscribe(self._keys.channel(game_id), room.on_message)
        room.ledger.live = True
        return room

    async def quit(self, game_id: str) -> None:
        """Give a room back; the last one out ends the subscription."""
        room = self._rooms[game_id]
        room.users -= 1
        if room.users == 0:
            del self._rooms[game_id]
            room.close()
            await self._bus.unsubscribe(self._keys.channel(game_id))

    def distrust(self) -> None:
        """Trust nothing that is remembered of any game, and compare everything now."""
        for room in self._rooms.values():
            room.ledger.forget()
        self._sweep_now.set()

    async def sweep(self) -> None:
        """Compare all rooms with Redis for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP_SECONDS):
                    await self._sweep_now.wait()
            self._sweep_now.clear()
            await self._try(self._sweep_once)

    async def refresh_seats(self) -> None:
        """Repeat the players' seats for ever."""
        while True:
            await asyncio.sleep(STAY_SECONDS)
            for room in list(self._rooms.values()):
                await self._try(room.refresh_seats)

    async def check_timers(self) -> None:
        """Look at games whose time has come, wherever their players are."""
        while True:
            await asyncio.sleep(TIMER_SECONDS)
            await self._try(self._check_due)

    async def rearm(self, pod_uid: str) -> None:
        """Arm the timers of all games in play, after Redis has lost them; one server does it."""
        if not await self._stores.timers.may_rearm(pod_uid):
            return
        after, at_ms = "", self._stores.clock.now_ms() + REARM_IN_MS
        while found := await self._stores.database.live_games(after):
            await self._stores.timers.rearm(found, at_ms)
            after = found[-1]

    async def _try(self, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await work()
        except (UnavailableError, ContradictionError, NoSuchGameError) as error:
            log.debug("put off", reason=str(error))
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
