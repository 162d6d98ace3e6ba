"""What a lobby client asks for is done one after another, and costs its address no more than it can still use."""

import asyncio
from time import monotonic
from types import SimpleNamespace
from typing import Any, cast

import pytest
from polling import eventually

from chess_server.clients.client import Services, Visit
from chess_server.clients.lobby_client import Change, LobbyClient, after
from chess_server.clients.rate_limit import Buckets, Rate
from chess_server.clients.seats import SeatLimits, Seats
from chess_server.clients.session import EnterPool, LeavePool
from chess_server.metrics import Metrics
from chess_server.transport.link import Ending
from chess_server.wire import pools
from chess_server.wire.paths import LobbyPlace

ADDRESS, OFTEN = "192.0.2.1", Rate(1000, 1.0)
ONE, OTHER = pools.parse("1+0"), pools.parse("2+0")


class FakeLobby:
    """Notes which pools are entered, and whose waits are ended."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.left: list[str] = []

    def enter(self, _seek: object) -> None: ...

    async def quit(self, _seek: object) -> None: ...

    async def wait(self, _seek: object, pool: pools.Pool, _key: str) -> None:
        self.entered.append(pool.name)

    async def stop_waiting(self, _seek: object, key: str) -> None:
        self.left.append(key)


class World:
    """Sockets of one address, which may enter one pool at once and another one much later."""

    def __init__(self, rate: Rate) -> None:
        self.lobby, self.entries = FakeLobby(), Buckets(rate)
        self.services = SimpleNamespace(
            lobby=self.lobby,
            entries=self.entries,
            metrics=Metrics(),
            clients=set(),
            seats=Seats(SeatLimits(most=100, per_address=100, first_message_seconds=60.0)),
            changed=lambda: None,
            pod_uid="pod",
        )

    def socket(self, number: int) -> LobbyClient:
        place, visit = LobbyPlace(sri=f"sri-{number:04d}"), Visit(number=number, address=ADDRESS)
        client = LobbyClient(place, OFTEN, cast("Services", self.services), visit)
        client.opened(cast("Any", SimpleNamespace(send=lambda _frame: None)))
        return client


def asks(client: LobbyClient, pool: str) -> None:
    client.text(b'{"t":"poolIn","d":{"id":"%s"}}' % pool.encode())


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_client_waits_once_however_often_it_asks() -> None:
    world = World(Rate(1, 1000.0))
    asks(world.socket(0), "1+0")
    await settle()
    before = len(asyncio.all_tasks())
    eager = world.socket(1)
    for _ in range(50):
        asks(eager, "1+0")
    await settle()
    assert len(asyncio.all_tasks()) - before <= 1
    assert world.entries.reserve(ADDRESS, monotonic()) < 3000.0, (
        "one entry has been reserved, and this is the next"
    )
    eager.closed(Ending(code=1000, cause="client"))


async def test_sockets_that_close_while_they_wait_leave_no_task_and_no_debt() -> None:
    world = World(Rate(1, 1000.0))
    asks(world.socket(0), "1+0")
    await settle()
    before = len(asyncio.all_tasks())
    many = [world.socket(number) for number in range(1, 40)]
    for one in many:
        asks(one, "1+0")
        asks(one, "2+0")
    await settle()
    for one in many:
        one.closed(Ending(code=1000, cause="client"))
    await settle()
    assert len(asyncio.all_tasks()) <= before
    assert world.entries.wait(ADDRESS, monotonic()) < 2000.0, "nobody who is still here waits for them"


async def test_the_latest_entry_is_carried_out_when_its_turn_has_come() -> None:
    world = World(Rate(1, 0.2))
    first, second = world.socket(0), world.socket(1)
    asks(first, "1+0")
    asks(second, "1+0")
    await settle()
    asks(second, "2+0")
    await eventually(lambda: len(world.lobby.entered) == 2, "both are carried out", within=20)
    assert world.lobby.entered == ["1+0", "2+0"]


async def test_an_exit_does_not_wait_for_the_turn_of_the_entry_before() -> None:
    world = World(Rate(1, 1000.0))
    first, second = world.socket(0), world.socket(1)
    asks(first, "1+0")
    asks(second, "1+0")
    await settle()
    for _ in range(2):
        second.text(b'{"t":"poolOut","d":{"key":"%s"}}' % (b"k" * 16))
    await settle()
    assert world.lobby.left == ["k" * 16]
    assert world.entries.wait(ADDRESS, monotonic()) < 2000.0
    asks(second, "1+0")
    await settle()
    second.closed(Ending(code=1000, cause="client"))
    assert world.lobby.entered == ["1+0"]


@pytest.mark.parametrize(
    "wanted, change, then",
    [
        ((), EnterPool(ONE, "k"), (EnterPool(ONE, "k"),)),
        ((EnterPool(ONE, "k"),), EnterPool(OTHER, "k"), (EnterPool(OTHER, "k"),)),
        ((EnterPool(ONE, "k"),), LeavePool("k"), (LeavePool("k"),)),
        ((EnterPool(ONE, "k"),), LeavePool(), (LeavePool("k"),)),
        ((EnterPool(ONE),), LeavePool(), (LeavePool(),)),
        ((LeavePool("k"),), EnterPool(ONE, "k"), (LeavePool("k"), EnterPool(ONE, "k"))),
        ((LeavePool("k"), EnterPool(ONE, "k")), LeavePool("k"), (LeavePool("k"),)),
        ((LeavePool("k"), LeavePool("l")), LeavePool("k"), (LeavePool("l"), LeavePool("k"))),
    ],
)
def test_what_is_still_wanted(wanted: tuple[Change, ...], change: Change, then: tuple[Change, ...]) -> None:
    assert after(wanted, change) == then
