"""A fleet of bots against real servers: games end as their PGNs do, and no fault loses anybody."""

import asyncio
import signal
from typing import Any

import pytest
from polling import eventually

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.ledger import Report
from chess_bench.bots.pace import Pace
from chess_bench.verification.comparison import Wrong
from chess_bench.verification.verifier import verify

pytestmark = pytest.mark.integration

READING = games.load(games.BUNDLED)
PLAYED = READING.games
BRISK = {"think_seconds": 0.05, "rest_seconds": 0.1}
PLAYERS = 24


def in_full_swing(fleet: Fleet) -> bool:
    """Most sit at a board and move: who has only been sent to one may not have a socket anywhere just now."""
    return fleet.counts.playing >= PLAYERS * 3 // 4 and fleet.counts.moves >= PLAYERS


def unharmed(report: Report) -> bool:
    assert report.faults == ()
    assert report.stranded == ()
    assert report.counts.lost == 0
    return True


async def wrong_games(service: Any, report: Report) -> list[Wrong]:
    return await verify(READING, report.finished, service.database.url, service.cluster)


async def test_games_end_as_their_pgns_and_no_player_is_dropped(service: Any) -> None:
    async with (
        service.door() as door,
        Fleet("127.0.0.1", door.port, PLAYED, players=PLAYERS, pace=Pace(**BRISK)) as fleet,
    ):
        await eventually(lambda: fleet.counts.games >= PLAYERS, lambda: f"{PLAYERS} games: {fleet.counts}")
        report = await fleet.finish(60)
    assert unharmed(report)
    assert report.drops == ()
    assert report.counts.games >= PLAYERS
    assert len({game.number for game in report.finished}) > 2, "the ids should choose different games"
    assert await wrong_games(service, report) == []


async def test_a_server_that_gets_sigterm_hands_every_player_over(service: Any) -> None:
    leaving, _ = service.servers
    async with (
        service.door() as door,
        Fleet("127.0.0.1", door.port, PLAYED, players=PLAYERS, pace=Pace(**BRISK)) as fleet,
    ):
        await eventually(lambda: in_full_swing(fleet), lambda: f"most players play: {fleet.counts}")
        leaving.send(signal.SIGTERM)
        door.ports = [service.servers[1].port]
        assert await asyncio.to_thread(leaving.wait, 30) == 0
        report = await fleet.finish(60)
    assert unharmed(report)
    assert report.drops == ()
    assert report.counts.handovers > 0
    assert await wrong_games(service, report) == []


async def test_a_killed_server_drops_its_players_and_all_of_them_resume(service: Any) -> None:
    doomed, _ = service.servers
    async with (
        service.door() as door,
        Fleet("127.0.0.1", door.port, PLAYED, players=PLAYERS, pace=Pace(**BRISK)) as fleet,
    ):
        await eventually(lambda: in_full_swing(fleet), lambda: f"most players play: {fleet.counts}")
        doomed.send(signal.SIGKILL)
        door.ports = [service.servers[1].port]
        await eventually(lambda: fleet.counts.resumed > 0, "somebody resumed")
        report = await fleet.finish(60)
    assert unharmed(report)
    assert len(report.drops) > 0
    assert 0 < report.counts.resumed <= len(report.drops)
    assert await wrong_games(service, report) == []


async def test_players_with_a_bad_network_resume(service: Any) -> None:
    async with (
        service.door() as door,
        Fleet("127.0.0.1", door.port, PLAYED, players=PLAYERS, pace=Pace(**BRISK)) as fleet,
    ):
        await eventually(lambda: in_full_swing(fleet), lambda: f"most players play: {fleet.counts}")
        unlucky = 0
        for _ in range(5):
            unlucky += fleet.cut(6)
            await asyncio.sleep(0.3)  # several cuts in one game, some while the last is being mended
        report = await fleet.finish(60)
    assert unharmed(report)
    assert report.drops == ()
    assert 0 < report.counts.resumed <= unlucky
    assert await wrong_games(service, report) == []
