"""Connected clients: each joins a link by its session (pure) to the lobby or to a room."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog

from chess_server.clients.rate_limit import Rate
from chess_server.clients.session import Close, Effect, EnterPool, LeavePool, Send, Session, Submit
from chess_server.game.commands import Command, MakeMove
from chess_server.lobby.pools import Lobby
from chess_server.lobby.seeks import Seek
from chess_server.metrics import Metrics
from chess_server.play.ledger import NoSuchGameError
from chess_server.play.room import Room
from chess_server.play.rooms import Rooms
from chess_server.play.subscribers import Subscriber
from chess_server.store.errors import BrokenGameError, ContradictionError, UnavailableError
from chess_server.store.health import RedisTime
from chess_server.transport.link import Ending, Link
from chess_server.wire import frames
from chess_server.wire.paths import LobbyPlace, Place, PlayPlace, WatchPlace

log = structlog.get_logger(__name__)

MOST_PENDING = 8
JOIN_RETRY_SECONDS = 0.5
JOIN_RETRY_MOST_SECONDS = 2.0
POLICY = 1008
FAULT = 1011


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of the server that clients use. `changed` is called when a client has come or gone."""

    rooms: Rooms
    lobby: Lobby
    metrics: Metrics
    clock: RedisTime
    clients: "set[Client]"
    changed: Callable[[], None]
    pod_uid: str


class Client:
    """A connected client. Subclasses join it to the lobby or to a game."""

    kind = ""

    def __init__(self, place: Place, rate: Rate, services: Services, number: int) -> None:
        self._services = services
        self._link: Link | None = None
        self._session = Session(place, rate, monotonic())
        self._tasks: set[asyncio.Task[None]] = set()
        self.member = f"{services.pod_uid}|{number}"
        self._arrival: asyncio.Task[None] | None = None
        self.asked_to_leave = False

    def opened(self, link: Link) -> None:
        """Handle the completed handshake."""
        self._link = link
        self._services.clients.add(self)
        self._services.metrics.connected(self.kind)
        self._services.changed()
        self._arrival = self._spawn(self._arrive())

    def text(self, message: bytes) -> None:
        """Handle a message."""
        self._services.metrics.messages.inc()
        self._carry_out(self._session.receive(message, monotonic()))

    def control(self) -> None:
        """Handle a frame that ends no message."""
        self._carry_out(self._session.control(monotonic()))

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.send(effect.frame)
            elif isinstance(effect, Close):
                self.close(effect.code, effect.reason, "policy")
            else:
                self._do(effect)

    def closed(self, ending: Ending) -> None:
        """Handle the end of the socket."""
        self._link = None
        self._services.clients.discard(self)
        self._services.metrics.disconnected(ending.cause, ending.code, abnormally=ending.cause in ABNORMAL)
        self._services.changed()
        self._stop_arriving()
        _leaving(self._depart())

    def send(self, frame: bytes) -> None:
        """Send a frame."""
        if self._link is not None:
            self._link.send(frame)

    def close(self, code: int, reason: str, cause: str) -> None:
        """Close the socket."""
        if self._link is not None:
            self._link.close(code, reason, cause)

    @property
    def _lag_ms(self) -> int:
        return 0 if self._link is None else self._link.lag_ms

    def _stop_arriving(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a client's task failed", member=self.member)
            self.close(FAULT, "fault in the server", "fault")

    async def _arrive(self) -> None:
        raise NotImplementedError

    def _do(self, effect: Submit | EnterPool | LeavePool) -> None:
        raise NotImplementedError

    async def _depart(self) -> None:
        raise NotImplementedError


class LobbyClient(Client):
    """A client in the lobby, who looks for an opponent."""

    kind = "lobby"

    def __init__(self, place: LobbyPlace, rate: Rate, services: Services, number: int) -> None:
        super().__init__(place, rate, services, number)
        self._seek = Seek(place.sri, self.member, self)
        self._turn = asyncio.Lock()

    async def _arrive(self) -> None:
        with contextlib.suppress(UnavailableError):  # poolIn is answered with a missed redirect too
            await self._services.lobby.enter(self._seek)

    def _do(self, effect: Submit | EnterPool | LeavePool) -> None:
        self._spawn(self._change(effect))

    async def _change(self, effect: Submit | EnterPool | LeavePool) -> None:
        async with self._turn:
            with contextlib.suppress(UnavailableError):  # the lobby's next round tries again
                if isinstance(effect, EnterPool):
                    await self._services.lobby.wait(self._seek, effect.pool)
                else:
                    await self._services.lobby.stop_waiting(self._seek)

    async def _depart(self) -> None:
        with contextlib.suppress(UnavailableError):  # the entry expires
            await self._services.lobby.quit(self._seek)


class GameClient(Client):
    """A player or a spectator."""

    def __init__(self, place: PlayPlace | WatchPlace, rate: Rate, services: Services, number: int) -> None:
        super().__init__(place, rate, services, number)
        self._place = place
        self._joined = asyncio.Event()
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

    async def _arrive(self) -> None:
        self._entered = True
        self._room = await self._services.rooms.enter(self._place.game_id)
        pause = JOIN_RETRY_SECONDS
        while not self._joined.is_set():
            try:
                await self._join(self._room)
            except NoSuchGameError:
                self.send(
                    frames.error("no_such_game", f"no game {self._place.game_id}, or not this player's")
                )
                self.close(POLICY, "no_such_game", "policy")
                return
            except BrokenGameError:
                self.send(frames.error("broken_game", f"game {self._place.game_id} cannot be read"))
                self.close(POLICY, "broken_game", "policy")
                return
            except (UnavailableError, ContradictionError):
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
                pause = min(pause * 2, JOIN_RETRY_MOST_SECONDS)

    async def _join(self, room: Room) -> None:
        player_id = self._place.player_id if isinstance(self._place, PlayPlace) else None
        game = await room.join(self._subscriber, self._place.resume, player_id)
        self._joined.set()
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
        self._spawn(self._submit(effect.command, self._services.clock.now_ms(), monotonic()))

    async def _submit(self, command: Command, received_ms: int, began: float) -> None:
        try:
            await self._joined.wait()
            answer = await self._put(command, received_ms)
        finally:
            self._pending -= 1
        if answer is not None:
            self.send(answer)
        if isinstance(command, MakeMove):
            self._services.metrics.acknowledged(monotonic() - began)
            self._count_forgiven()

    def _count_forgiven(self) -> None:
        if self._room is not None:
            self._services.metrics.lag_forgiven.inc(self._room.executor.take_forgiven_ms() / 1000)

    async def _put(self, command: Command, received_ms: int) -> bytes | None:
        """Submit a command to the room, also if the socket has been cut since the command came."""
        if self._room is None:
            return None
        return await self._room.executor.submit(self._subscriber.color, command, received_ms, self._lag_ms)

    def _stop_arriving(self) -> None:
        super()._stop_arriving()
        if not self._joined.is_set():
            for task in list(self._tasks):
                task.cancel()

    def _refused(self, command: Command, code: str, message: str) -> None:
        self._services.metrics.rejections.labels(code).inc()
        self.send(frames.rejected(command.a, code, message))

    async def _depart(self) -> None:
        if not self._entered:
            return
        if self._room is not None:
            with contextlib.suppress(UnavailableError):  # the seat expires
                await self._room.leave(self._subscriber)
        await self._services.rooms.quit(self._place.game_id)


ABNORMAL = frozenset({"cut", "idle", "slow_reader", "drain_deadline", "stopped", "fault"})
"""Causes of closes that are neither the client's doing nor a completed handover."""

_departures: set[asyncio.Task[None]] = set()


def _leaving(work: Coroutine[Any, Any, None]) -> None:
    """Run a departure to its end, though its client is gone."""
    task = asyncio.get_running_loop().create_task(_logged(work))
    _departures.add(task)
    task.add_done_callback(_departures.discard)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("a departure failed")
