"""Commands wait for each other when many come, and not at all when few do."""

import asyncio

import pytest

from chess_server.clients.gathering import COUNTED, Gathering, Pace


@pytest.mark.parametrize(
    "rate, milliseconds",
    [(1, 0.0), (100, 0.0), (300, 0.0), (450, 4.0), (600, 8.0), (10_000, 8.0)],
)
def test_how_long_commands_wait(rate: float, milliseconds: float) -> None:
    pace = Pace()
    for number in range(1000):
        pace.came(number / rate)
    assert pace.linger_seconds(999 / rate) * 1000 == pytest.approx(milliseconds, abs=0.01)


def test_the_first_commands_do_not_wait_and_neither_do_those_after_a_pause() -> None:
    pace = Pace()
    for _ in range(63):
        pace.came(5.0)
        assert pace.linger_seconds(5.0) == 0.0
    pace.came(5.0)
    assert pace.linger_seconds(5.001) == 0.008
    assert pace.linger_seconds(9.0) == 0.0


async def test_a_single_command_begins_at_once() -> None:
    begun: list[int] = []
    Gathering().add(lambda: begun.append(1), 0.0)
    assert begun == [1]


async def test_many_commands_begin_together_and_in_order() -> None:
    gathering, begun = Gathering(), list[int]()
    calm, busy = range(COUNTED), range(COUNTED, COUNTED + 5)
    all_begun = asyncio.Event()
    for number in calm:
        gathering.add(lambda number=number: begun.append(number), 0.0)
    for number in busy:
        gathering.add(lambda number=number: begun.append(number), 0.001)
    gathering.add(all_begun.set, 0.001)
    assert begun == [*calm]
    async with asyncio.timeout(60):
        await all_begun.wait()
    assert begun == [*calm, *busy]
