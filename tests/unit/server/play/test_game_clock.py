"""The alarm of a game's clock rings once, when the time that was set last has passed."""

import asyncio
from time import monotonic

import pytest

from chess_server.clients.gathering import LONGEST_SECONDS
from chess_server.game.color import Color
from chess_server.play.game_clock import MARGIN_MS, GameClock

SOON_MS, LATER_MS = 10, 120
LONG_MS = 3_600_000
ON_THE_WAY_MS = 20
"""What a move that came in time has until it is in Redis, beside its wait."""


class Bell:
    def __init__(self) -> None:
        self.clock = GameClock(self.ring)
        self.rung: list[Color] = []
        self._rang = asyncio.Event()

    def ring(self, turn: Color) -> None:
        self.rung.append(turn)
        self._rang.set()

    async def heard(self) -> None:
        async with asyncio.timeout(60):
            await self._rang.wait()


@pytest.mark.parametrize(
    "times_ms",
    [(SOON_MS,), (LONG_MS, SOON_MS), (SOON_MS, LATER_MS), (LATER_MS, LONG_MS, SOON_MS)],
    ids=["once", "sooner than before", "later than before", "later, then sooner"],
)
async def test_it_rings_when_the_time_set_last_has_passed(times_ms: tuple[int, ...]) -> None:
    bell, began = Bell(), monotonic()
    for time_ms in times_ms:
        bell.clock.set("white", LONG_MS)
        bell.clock.set("black", time_ms)
    await bell.heard()
    assert bell.rung == ["black"]
    assert monotonic() - began >= times_ms[-1] / 1000


async def test_it_does_not_ring_once_it_is_stopped() -> None:
    stopped, running = Bell(), Bell()
    stopped.clock.set("white", SOON_MS)
    stopped.clock.stop()
    running.clock.set("white", LATER_MS)
    await running.heard()
    assert stopped.rung == []


async def test_it_is_set_again_after_it_was_stopped() -> None:
    bell = Bell()
    bell.clock.set("white", SOON_MS)
    bell.clock.stop()
    bell.clock.set("black", LATER_MS)
    await bell.heard()
    assert bell.rung == ["black"]


def test_it_rings_no_sooner_than_a_move_has_begun_that_came_in_time_on_another_server() -> None:
    assert MARGIN_MS >= LONGEST_SECONDS * 1000 + ON_THE_WAY_MS
