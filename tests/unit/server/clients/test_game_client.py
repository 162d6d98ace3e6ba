"""What a player's socket does before it has joined its game, and what it keeps afterwards."""

import asyncio
import gc
import tracemalloc
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

from polling import eventually

from chess_server.clients.client import Services, Visit
from chess_server.clients.game_client import GameClient
from chess_server.clients.gathering import COUNTED, Gathering
from chess_server.clients.lookups import Lookups
from chess_server.clients.rate_limit import Rate
from chess_server.clients.seats import SeatLimits, Seats
from chess_server.game.commands import Command
from chess_server.metrics import Metrics
from chess_server.transport.link import Ending
from chess_server.wire.paths import PlayPlace

OFTEN, ENDED = Rate(1000, 1.0), Ending(code=1000, cause="client")
MOVE = b'{"t":"move","d":{"u":"e2e4","a":1}}'
MANY, MOST_BYTES = 300, 1500
"""How much memory the Python objects of one client may hold beside its link and its room: 950 bytes are needed."""


class FakeRoom:
    """A game that may be joined from a moment on."""

    def __init__(self) -> None:
        self.executor = self
        self.open = asyncio.Event()
        self.commands: list[Command] = []
        self.lags_ms: list[int] = []

    async def join(self, *_about: object) -> Any:
        await self.open.wait()
        return SimpleNamespace(over=False, ply=2)

    async def leave(self, _subscriber: object) -> None: ...

    async def submit(self, _color: str, command: Command, _received_ms: int, lag_ms: int) -> bytes:
        self.commands.append(command)
        self.lags_ms.append(lag_ms)
        return b'{"t":"ack","d":1}'

    def take_forgiven_ms(self) -> int:
        return 0


class World:
    """Players' sockets at one room; what each is sent is collected."""

    def __init__(self) -> None:
        self.room = FakeRoom()
        self.sent: list[bytes] = []
        self.link = SimpleNamespace(send=self.sent.append, lag_ms=0)
        self.services = SimpleNamespace(
            rooms=SimpleNamespace(game=lambda _id: None, enter=self._enter, quit=self._quit),
            metrics=Metrics(),
            clock=SimpleNamespace(now_ms=lambda: 0),
            clients=set(),
            seats=Seats(SeatLimits(most=10_000, per_address=10_000, first_message_seconds=60.0)),
            lookups=Lookups(),
            gathering=Gathering(),
            changed=lambda: None,
            pod_uid="pod",
        )

    async def _enter(self, _game_id: str) -> FakeRoom:
        return self.room

    async def _quit(self, _game_id: str) -> None: ...

    def socket(self, number: int) -> GameClient:
        place = PlayPlace(game_id=f"{number:08d}", sri=f"sri-{number:04d}", color="white")
        visit = Visit(number=number, address="192.0.2.1", seat=f"{number:08d} white", known=True)
        client = GameClient(place, OFTEN, cast("Services", self.services), visit)
        client.opened(cast("Any", self.link))
        return client


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_commands_that_come_before_the_game_wait_for_it() -> None:
    world = World()
    client = world.socket(1)
    client.text(MOVE)
    client.text(MOVE)
    await settle()
    assert not world.room.commands
    world.room.open.set()
    await eventually(lambda: len(world.sent) == 2, "both are answered", within=20)
    assert len(world.room.commands) == 2


async def test_a_socket_that_closes_before_it_has_joined_leaves_no_task() -> None:
    world = World()
    before = len(asyncio.all_tasks())
    waiting, hasty = world.socket(1), world.socket(2)
    waiting.text(MOVE)
    await settle()
    hasty.text(MOVE)
    for client in (waiting, hasty):
        client.closed(ENDED)
    await settle()
    assert len(asyncio.all_tasks()) == before
    world.room.open.set()
    await settle()
    assert not world.room.commands


async def test_a_command_is_carried_out_though_its_socket_closes_at_once() -> None:
    world = World()
    world.room.open.set()
    client = world.socket(1)
    await settle()
    client.text(MOVE)
    client.closed(ENDED)
    await eventually(lambda: len(world.room.commands) == 1, "it is carried out", within=20)


async def test_a_command_that_waits_for_others_is_carried_out_with_its_lag_though_its_socket_closes() -> None:
    world = World()
    world.room.open.set()
    client = world.socket(1)
    await settle()
    for _ in range(COUNTED):
        world.services.gathering.add(lambda: None, monotonic())
    world.link.lag_ms = 250
    client.text(MOVE)
    client.closed(ENDED)
    await settle()
    assert not world.room.commands, "it waits"
    await eventually(lambda: world.room.lags_ms == [250], "it is carried out", within=20)


async def test_a_player_who_has_joined_costs_little_memory() -> None:
    world = World()
    world.room.open.set()
    kept = [world.socket(0)]
    await settle()
    gc.collect()
    tracemalloc.start()
    try:
        kept += [world.socket(number) for number in range(1, MANY + 1)]
        await settle()
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used / MANY < MOST_BYTES
