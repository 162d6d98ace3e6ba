"""Who is let in to the stores next, and how many at a time."""

import asyncio
import contextlib

import pytest

from chess_server.clients.gate import Gate, Line


@pytest.mark.parametrize(
    "waiting, order",
    [
        pytest.param("a1 a2 a3", "a1 a2 a3", id="one address, in its order"),
        pytest.param("a1 a2 a3 a4 b1 c1", "a1 b1 c1 a2 a3 a4", id="a flood of one address waits for itself"),
        pytest.param("a1 a2 b1 b2", "a1 b1 a2 b2", id="address by address"),
    ],
)
def test_who_is_next(waiting: str, order: str) -> None:
    line: Line[str] = Line()
    for one in waiting.split():
        line.add(one, one[0])
    assert [line.pop(lambda _: True) for _ in waiting.split()] == [(one[0], one) for one in order.split()]
    assert line.pop(lambda _: True) is None


def test_an_address_that_may_not_is_passed_over() -> None:
    line: Line[str] = Line()
    for one in ("a1", "b1", "a2"):
        line.add(one, one[0])
    assert line.pop(lambda address: address != "a") == ("b", "b1")
    assert line.pop(lambda address: address != "a") is None
    assert [line.pop(lambda _: True) for _ in range(2)] == [("a", "a1"), ("a", "a2")]


class Asking:
    """Clients that go in and stay until they are let go."""

    def __init__(self, most: int, of_address: int = 9) -> None:
        self.gate = Gate(most, of_address)
        self.within: list[str] = []
        self._go = {"": asyncio.Event()}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, *names: str) -> None:
        for name in names:
            self._go[name] = asyncio.Event()
            self._tasks[name] = asyncio.create_task(self._enter(name))
        await self.settle()

    async def _enter(self, name: str) -> None:
        async with self.gate.enter(name[0]):
            self.within.append(name)
            await self._go[name].wait()
        self.within.remove(name)

    async def end(self, *names: str) -> None:
        for name in names:
            self._go[name].set()
        await self.settle()

    async def cancel(self, *names: str) -> None:
        for name in names:
            self._tasks[name].cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._tasks[name]

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_so_many_are_within_and_the_next_one_comes_when_one_goes() -> None:
    asking = Asking(2)
    await asking.ask("a1", "a2", "a3", "a4", "b1", "c1")
    assert asking.within == ["a1", "a2"]
    await asking.end("a1")
    assert asking.within == ["a2", "a3"]
    await asking.end("a2", "a3")
    assert asking.within == ["b1", "c1"]
    await asking.end("b1", "c1", "a4")
    await asking.ask("d1", "d2", "d3")
    assert asking.within == ["d1", "d2"]
    await asking.end("d1", "d2", "d3")
    assert asking.within == []


async def test_who_goes_while_waiting_takes_no_room() -> None:
    asking = Asking(1)
    await asking.ask("a1", "b1", "c1")
    await asking.cancel("b1")
    await asking.end("a1")
    assert asking.within == ["c1"]
    await asking.end("c1")


async def test_who_goes_just_when_let_in_passes_it_on() -> None:
    asking = Asking(1)
    await asking.ask("a1", "b1", "c1")
    asking._go["a1"].set()
    await asyncio.sleep(0)
    await asking.cancel("b1")
    await asking.settle()
    assert asking.within == ["c1"]
    await asking.end("c1")


async def test_few_of_one_address_are_within_though_there_is_room() -> None:
    asking = Asking(4, of_address=2)
    await asking.ask("a1", "a2", "a3", "a4", "b1", "b2", "c1")
    assert asking.within == ["a1", "a2", "b1", "b2"]
    await asking.end("b1")
    assert asking.within == ["a1", "a2", "b2", "c1"]
    await asking.end("a1", "a2")
    assert asking.within == ["b2", "c1", "a3", "a4"]
    await asking.end("b2", "c1", "a3", "a4")
    await asking.ask("d1", "d2", "e1", "f1", "e2")
    assert asking.within == ["d1", "d2", "e1", "f1"], "all room is free again"
    await asking.end("d1", "d2", "e1", "f1", "e2")
