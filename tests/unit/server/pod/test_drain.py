"""How a drain asks clients to reconnect elsewhere, closes those who stay, and may be taken back."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import pytest
from polling import eventually

from chess_server.pod.drain import PodDrain, spread_seconds


@pytest.mark.parametrize(
    "clients, window, seconds",
    [
        pytest.param(3, 30, 2.5, id="few leave quickly"),
        pytest.param(3, 1, 1, id="never longer than the window"),
        pytest.param(500, 30, 20, id="many in waves"),
        pytest.param(5000, 30, 30, id="the window bounds"),
    ],
)
def test_the_spread_of_a_drain(clients: int, window: float, seconds: float) -> None:
    assert spread_seconds(clients, window) == seconds


class Client:
    """A client that leaves when it is closed; `faulty`: it fails when it is asked."""

    def __init__(self, house: set[Any], *, faulty: bool = False) -> None:
        self.asked_to_leave = False
        self.asked = 0
        self.code = 0
        self._house = house
        self._faulty = faulty
        house.add(self)

    def send(self, _frame: bytes) -> None:
        self.asked += 1
        if self._faulty:
            raise ValueError("a fault")

    def close(self, code: int, _reason: str, _cause: str) -> None:
        self.code = code
        self._house.discard(self)


@pytest.fixture
def house() -> set[Any]:
    return set()


@pytest.fixture
async def drain(house: set[Any]) -> AsyncIterator[PodDrain]:
    made = PodDrain(lambda: house, 0.2)
    loop = asyncio.create_task(made.run(lambda: None))
    yield made
    assert not loop.done()
    loop.cancel()


async def test_a_drain_is_whole_after_one_that_ended_and_was_taken_back(
    drain: PodDrain, house: set[Any]
) -> None:
    first = Client(house)
    drain.begin(0.3)
    await _until(lambda: first.code == 1012)
    await _until(lambda: drain._stage == "over")
    assert drain.cancel()
    players = [Client(house) for _ in range(3)]
    drain.begin(0.6, final=True)
    began, over = monotonic(), asyncio.create_task(drain.finished())
    await _until(lambda: all(player.asked for player in players))
    assert not over.done()
    await asyncio.wait_for(over, 60)
    assert monotonic() - began >= 0.5
    assert [player.code for player in players] == [1012, 1012, 1012]


async def test_a_final_drain_ends_when_the_last_client_has_left(drain: PodDrain, house: set[Any]) -> None:
    client = Client(house)
    drain.begin(60, final=True)
    await _until(lambda: client.asked > 0)
    house.discard(client)
    await asyncio.wait_for(drain.finished(), 60)
    assert client.code == 0


async def test_a_drain_by_a_mark_lets_the_process_go_on_and_can_be_taken_back(
    drain: PodDrain, house: set[Any]
) -> None:
    changes: list[bool] = []
    drain.on_change = lambda: changes.append(drain.draining)
    assert drain.begin(60)
    assert not drain.begin(60)
    assert drain.cancel()
    assert not drain.cancel()
    assert changes == [True, False]
    client = Client(house)
    drain.begin(60)
    await _until(lambda: client.asked == 1)
    assert not drain._finished.is_set()


async def test_a_final_drain_is_not_taken_back(drain: PodDrain, house: set[Any]) -> None:
    Client(house)
    drain.begin(60)
    drain.begin(60, final=True)
    assert not drain.cancel()
    assert drain.draining


async def test_a_client_that_cannot_be_asked_keeps_no_other_here(drain: PodDrain, house: set[Any]) -> None:
    clients = [Client(house, faulty=number == 1) for number in range(3)]
    drain.begin(60)
    await _until(lambda: all(client.asked for client in clients))


async def test_who_comes_after_the_deadline_is_closed_too(drain: PodDrain, house: set[Any]) -> None:
    first = Client(house)
    drain.begin(0)
    await _until(lambda: first.code == 1012)
    late = Client(house)
    await _until(lambda: late.code == 1012)


async def _until(condition: Any) -> None:
    async def reached() -> bool:
        return bool(condition())

    await eventually(reached, "the drain does its next step", within=60, every=0.01)
