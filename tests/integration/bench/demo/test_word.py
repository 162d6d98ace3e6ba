"""The demo's word against real servers: one run keeps it, and each way of breaking it ends with exit code 1.

A few players play on real servers, Redis and PostgreSQL; what a cluster would have done is made of values (`demo_run`).
Then one thing is broken, in the run itself or in the database, and the demo's own conclusion is drawn.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import demo_run
import psycopg
import pytest
from polling import eventually

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.games import Reading
from chess_bench.bots.ledger import Report
from chess_bench.bots.pace import Pace
from chess_bench.verification.verifier import verify

pytestmark = pytest.mark.integration

PLAYERS = 8
READING = games.parse(
    "1. Nf3 d5 2. d4 Nf6 3. c4 e6 1-0\n\n1. e4 e5 2. Nf3 Nc6 3. Bb5 1/2-1/2\n\n1. f3 e5 2. g4 Qh4# 0-1"
)
BRISK = Pace(think_seconds=0.05, rest_seconds=0.1)
Conclude = Callable[..., Awaitable[tuple[int, list[str]]]]


async def play(service: Any, enough: Callable[[Fleet], bool], players: int = PLAYERS) -> Report:
    """Let players come, wait until it is enough, and let them leave."""
    async with service.door() as door, Fleet("127.0.0.1", door.port, READING.games, pace=BRISK) as fleet:
        await fleet.join(players)
        await eventually(lambda: enough(fleet), lambda: f"enough of it: {fleet.counts}", within=60)
        return await fleet.finish(60)


def all_have_played(fleet: Fleet) -> bool:
    """All have, and one of their games is the first of the PGN."""
    report = fleet.report()
    return not report.never_played and any(game.number == 1 for game in report.finished)


@pytest.fixture
async def report(service: Any) -> Report:
    return await play(service, all_have_played)


@pytest.fixture
def end(service: Any, tmp_path: Path) -> Conclude:
    """Draw the demo's conclusion: its exit code, and the failures that it wrote."""

    async def end(report: Report, reading: Reading = READING) -> tuple[int, list[str]]:
        wrong = await verify(reading, report.finished, service.database.url, service.cluster)
        outcome = demo_run.outcome(report, wrong=wrong)
        settings, out = replace(outcome.settings, players=PLAYERS), tmp_path / "demo.json"
        code = demo_run.exit_code(replace(outcome, settings=settings), out)
        return code, json.loads(out.read_text())["failures"]

    return end


@pytest.fixture
async def database(service: Any) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await psycopg.AsyncConnection.connect(service.database.url, autocommit=True) as connection:
        yield connection


async def test_a_run_that_keeps_its_word_ends_with_0(report: Report, end: Conclude) -> None:
    assert await end(report) == (0, [])
    assert report.acks.count == report.counts.moves > 0


SWAPPED = (
    "UPDATE moves SET uci = CASE ply WHEN 1 THEN 'd2d4' ELSE 'g1f3' END, "
    "san = CASE ply WHEN 1 THEN 'd4' ELSE 'Nf3' END WHERE game_id = %s AND ply IN (1, 3)"
)


BROKEN = {
    SWAPPED: "stored moves: ply 1 is d2d4, in its source g1f3",
    "DELETE FROM moves WHERE game_id = %s AND ply > 4": "4 plies, its source has 6",
    "UPDATE games SET status = 'timeout' WHERE id = %s": "status timeout, its source ends by resign",
    "UPDATE games SET result = '0-1' WHERE id = %s": "results ['0-1'], its source 1-0",
    "UPDATE games SET status = 'started' WHERE id = %s": "no PGN in PostgreSQL, status started",
    "DELETE FROM games WHERE id = %s": "not in PostgreSQL",
    "INSERT INTO games (id, white_player, black_player, initial_seconds, increment_seconds, status, cluster) "
    "SELECT 'unheard', '', '', 600, 5, 'started', cluster FROM games WHERE id = %s": (
        "in PostgreSQL, status started; no player saw it end"
    ),
}
"""What happens to the first game in the database → how the demo says so."""
KEEP = "CREATE TABLE kept_games AS TABLE games; CREATE TABLE kept_moves AS TABLE moves"
RESTORE = "DELETE FROM games; INSERT INTO games TABLE kept_games; DELETE FROM moves; INSERT INTO moves TABLE kept_moves"


async def test_a_database_that_holds_something_else_ends_it_with_1(
    report: Report, end: Conclude, database: psycopg.AsyncConnection
) -> None:
    chosen = next(one.game_id for one in report.finished if one.number == 1)
    await database.execute(KEEP)
    for statement, reason in BROKEN.items():
        await database.execute(statement.encode(), [chosen])
        code, failures = await end(report)
        assert (code, len(failures)) == (1, 1), statement
        assert reason in failures[0], statement
        await database.execute(RESTORE)
    assert await end(report) == (0, [])


async def test_games_that_no_player_reports_end_it_with_1(report: Report, end: Conclude) -> None:
    code, failures = await end(replace(report, finished=report.finished[:1]))
    assert code == 1
    assert f"1 games were finished; at least {PLAYERS // 2} must, one for every two players" in failures
    assert any("no player saw it end" in line for line in failures)


async def test_players_who_never_got_in_end_it_with_1(service: Any, end: Conclude) -> None:
    for server in service.servers:
        server.stop()
    report = await play(service, lambda fleet: fleet.counts.refused > PLAYERS)
    code, failures = await end(report)
    assert code == 1
    first = report.never_admitted[0]
    assert f"{PLAYERS} players were never let in; first: {first}" in failures
    assert f"{PLAYERS} players never played; first: {first}" in failures
    assert any(line.startswith("0 games were finished") for line in failures)
    assert any("handshakes were refused; at most 8 may" in line for line in failures)


async def test_a_player_whom_nobody_plays_ends_it_with_1(service: Any, end: Conclude) -> None:
    report = await play(service, lambda fleet: fleet.counts.handshakes > 0, players=1)
    code, failures = await end(report)
    assert code == 1
    assert f"1 players came; all {PLAYERS} must" in failures
    assert f"1 players never played; first: {report.never_played[0]}" in failures
    assert report.never_admitted == ()


async def test_a_killed_server_ends_it_with_1(service: Any, end: Conclude) -> None:
    slow = Pace(think_seconds=0.4, rest_seconds=0.1)
    async with service.door() as door, Fleet("127.0.0.1", door.port, READING.games, pace=slow) as fleet:
        await fleet.join(PLAYERS)
        await eventually(lambda: fleet.counts.playing >= PLAYERS - 2, lambda: f"playing: {fleet.counts}")
        service.servers[0].stop()
        door.ports = [service.servers[1].port]
        report = await fleet.finish(60)
    code, failures = await end(report)
    assert code == 1
    assert failures[0].startswith(f"{len(report.drops)} connections dropped; first: bot-")
