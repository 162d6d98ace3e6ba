"""A player or a spectator: joins a link to a room."""

import asyncio
import contextlib
import random
from functools import partial
from time import monotonic
from typing import NamedTuple

from chess_server.clients.client import Client, Services, Visit
from chess_server.clients.lookups import seat_of
from chess_server.clients.rate_limit import Rate
from chess_server.clients.session import EnterPool, LeavePool, Submit
from chess_server.game.commands import Command, MakeMove
from chess_server.play.ledger import NoSuchGameError, WrongSecretError
from chess_server.play.room import Room
from chess_server.play.subscribers import Subscriber
from chess_server.store.errors import BrokenGameError, ContradictionError, UnavailableError
from chess_server.wire import frames
from chess_server.wire.paths import PlayPlace, WatchPlace

MOST_PENDING = 8
JOIN_RETRY_SECONDS = 0.5
JOIN_RETRY_MOST_SECONDS = 2.0
POLICY = 1008
OVERLOAD = 1013


class Arrival(NamedTuple):
    """When a command came, by Redis TIME and in monotonic seconds, and the lag of its socket then."""

    received_ms: int
    at: float
    lag_ms: int


class GameClient(Client):
    """A player or a spectator."""

    __slots__ = ("_entered", "_joined", "_joining", "_known", "_pending", "_place", "_room", "_subscriber")

    def __init__(self, place: PlayPlace | WatchPlace, rate: Rate, services: Services, visit: Visit) -> None:
        super().__init__(place, rate, services, visit)
        self._place = place
        self._known = visit.known
        self._joined = False
        self._joining: asyncio.Future[None] | None = None
        self._room: Room | None = None
        self._entered = False
        self._pending = 0
        player = isinstance(place, PlayPlace)
        color = "white" if isinstance(place, PlayPlace) else place.color
        self._subscriber = Subscriber(sender=self, color=color, player=player, member=self.member)

    @property
    def kind(self) -> str:  # type: ignore[override]
        """Play or watch."""
        return "play" if self._subscriber.player else "watch"

    @property
    def in_play(self) -> bool:  # type: ignore[override]
        """Whether a player's game has not ended, as far as this server knows."""
        game = self._services.rooms.game(self._place.game_id)
        return self._subscriber.player and not (game is not None and game.over)

    async def _arrive(self) -> None:
        pause = JOIN_RETRY_SECONDS
        while not await self._join_by_gate():
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
            pause = min(pause * 2, JOIN_RETRY_MOST_SECONDS)

    async def _join_by_gate(self) -> bool:
        """Join; False if the stores do not answer. Who may be asking for a game that is none waits at the gate."""
        if self._known or self._services.rooms.game(self._place.game_id) is not None:
            return await self._try_to_join()
        async with self._services.gates[self.kind].enter(self.address):
            return self._is_hopeless(monotonic()) or await self._try_to_join()

    def _is_hopeless(self, now: float) -> bool:
        """Turn a client away whose game or address has proved wrong while it waited, without a call to a store."""
        lookups = self._services.lookups
        if lookups.is_absent(self._place, now):
            self._refuse("no_such_game", self._no_such_game, POLICY)
        elif lookups.wait_seconds(self._place, self.address, now):
            self._refuse("too_many_misses", "this address asked for too many games that are none", OVERLOAD)
        else:
            return False
        return True

    async def _try_to_join(self) -> bool:
        """Join; False if the stores do not answer."""
        if self._room is None:
            self._entered = True
            self._room = await self._services.rooms.enter(self._place.game_id)
        try:
            await self._join(self._room)
        except NoSuchGameError as error:
            self._turned_away(game_exists=isinstance(error, WrongSecretError))
        except BrokenGameError:
            self._refuse("broken_game", f"game {self._place.game_id} cannot be read", POLICY)
        except (UnavailableError, ContradictionError):
            return False
        return True

    def _turned_away(self, *, game_exists: bool) -> None:
        """Tell the client that there is no such game, and remember it for the next one who asks."""
        self._services.lookups.missed(self._place, self.address, monotonic(), game_exists=game_exists)
        self._refuse("no_such_game", self._no_such_game, POLICY)

    @property
    def _no_such_game(self) -> str:
        return f"no game {self._place.game_id}, or not this player's"

    def _refuse(self, code: str, message: str, close_code: int) -> None:
        self.answer(frames.error(code, message))
        self.close(close_code, code, "policy")

    async def _join(self, room: Room) -> None:
        player = self._place if isinstance(self._place, PlayPlace) else None
        game = await room.join(self._subscriber, self._place.resume, player)
        self._joined = True
        if self._joining is not None:
            self._joining.set_result(None)
        seat = seat_of(self._place, self._subscriber.color)
        self._services.seats.joined(self, running=not game.over, seat=seat)
        self._services.changed()
        if self._subscriber.player and game.ply < 2:  # noqa: PLR2004 - until both have moved, a redirect may be left
            with contextlib.suppress(UnavailableError):  # the redirect expires
                await self._services.lobby.joined(game, self._subscriber.color)

    def _do(self, effect: Submit | EnterPool | LeavePool) -> None:
        if not isinstance(effect, Submit):
            return
        if self._pending >= MOST_PENDING:
            self._refused(
                effect.command, "overloaded", "too many commands wait for this game; send the same again"
            )
            return
        self._pending += 1
        now = monotonic()
        arrival = Arrival(self._services.clock.now_ms(), now, self._lag_ms)
        begin = partial(self._begin, effect.command, arrival)
        if self._joined:
            self._services.gathering.add(begin, now)
        else:
            begin()

    def _begin(self, command: Command, arrival: Arrival) -> None:
        self._spawn(self._submit(command, arrival))

    async def _submit(self, command: Command, arrival: Arrival) -> None:
        try:
            await self._until_joined()
            answer = await self._put(command, arrival)
        finally:
            self._pending -= 1
        if answer is not None:
            self.answer(answer)
        if isinstance(command, MakeMove):
            self._services.metrics.acknowledged(monotonic() - arrival.at)
            self._count_forgiven()

    async def _until_joined(self) -> None:
        """Wait with a command that came too soon. Most come later, so nothing is kept ready for that."""
        if not self._joined:
            await self._awaited()

    def _awaited(self) -> asyncio.Future[None]:
        if self._joining is None:
            self._joining = asyncio.get_running_loop().create_future()
        return self._joining

    def _count_forgiven(self) -> None:
        forgiven_ms = 0 if self._room is None else self._room.executor.take_forgiven_ms()
        if forgiven_ms:
            self._services.metrics.lag_forgiven.inc(forgiven_ms / 1000)

    async def _put(self, command: Command, arrival: Arrival) -> bytes | None:
        """Submit a command to the room, also if the socket has been cut since the command came: then it has no lag."""
        if self._room is None:
            return None
        lag_ms = max(arrival.lag_ms, self._lag_ms)
        return await self._room.executor.submit(self._subscriber.color, command, arrival.received_ms, lag_ms)

    def _stop_arriving(self) -> None:
        super()._stop_arriving()
        if not self._joined:
            self._awaited().cancel()  # and with it the commands that wait for it

    def _refused(self, command: Command, code: str, message: str) -> None:
        self.answer(frames.rejected(command.a, code, message))

    async def _depart(self) -> None:
        if not self._entered:
            return
        if self._joined and self.in_play:
            self._services.lookups.left(self._place, monotonic())
        if self._room is not None:
            with contextlib.suppress(UnavailableError):  # the seat expires
                await self._room.leave(self._subscriber)
        game = self._services.rooms.game(self._place.game_id)
        if game is not None and game.over:
            self._services.lookups.ended(game.id, monotonic())
        await self._services.rooms.quit(self._place.game_id)
