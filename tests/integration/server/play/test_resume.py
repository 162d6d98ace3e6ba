"""A player who resumes learns how things stand now, not only what he missed."""

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.integration


async def test_a_player_who_resumes_learns_the_clock_and_that_the_opponent_is_back(
    servers: Any, lobby: Any
) -> None:
    white, black = await lobby.pair(*servers, "5+0")
    for mover, other, uci in ((white, black, "e2e4"), (black, white, "e7e5")):
        await mover.move(uci)
        await other.until_ply(mover.ply)
    await black.close()
    await white.until_told("gone", {"color": "black", "gone": True})
    await white.drain_socket(2)  # the time that White thinks
    await white.close()
    await black.connect()
    left, known = white.socket, len(white.others)
    assert left.close_code == 1000
    await white.connect()
    assert white.snapshots[-1]["t"] == "batch"
    del white.others[:known]
    clock = await white.until("clock")
    assert clock["running"] == "white"
    assert clock["white"] < 298.5
    assert clock["black"] == 300.0
    await white.until_told("crowd", {"white": True, "black": True})
    await white.until_told("gone", {"color": "black", "gone": False})


async def test_a_player_who_resumes_learns_that_the_opponent_has_gone_meanwhile(
    servers: Any, lobby: Any
) -> None:
    white, black = await lobby.pair(*servers, "6+0")
    await white.close()
    await black.close()
    await asyncio.sleep(0)
    await white.connect()
    assert white.snapshots[-1]["t"] == "batch"
    await white.until_told("gone", {"color": "black", "gone": True})
    assert (await white.until("goneIn"))["color"] == "black"
