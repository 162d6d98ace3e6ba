"""The chaos round: 200 games on three servers, and everything is broken in turn; nothing acknowledged may be lost.

Three things must hold at the end: every acknowledged move is in PostgreSQL, no game has two histories, and everybody
has resumed.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
import uvloop

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.ledger import Report
from chess_bench.bots.pace import Pace
from chess_bench.console.screen import Screen
from chess_bench.server import history, subjects
from chess_bench.server.plan import Plan
from chess_bench.server.scene import Scene, scene
from chess_bench.server.stores import stores

FINISH_SECONDS = 300.0
JOIN_SECONDS = 8.0
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a round ended."""

    games: int
    moves: int
    resumed: int
    dropped: int
    faults: Sequence[str]
    seconds: dict[str, float]
    """Fault → the longest that acknowledgements were missing in it and the calm after it."""


async def _round(plan: Plan, screen: Screen) -> Verdict:
    log = subjects.OUT / "server-logs" / "chaos.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with stores() as both:
        async with (
            scene(subjects.current(plan.this), both, log) as setting,
            Fleet(
                "127.0.0.1",
                setting.players.port,
                games.load(games.BUNDLED).games,
                pace=Pace(think_seconds=1.0),
            ) as fleet,
        ):
            await fleet.join(2 * plan.games, over_seconds=JOIN_SECONDS)
            silences = await _disturb(setting, fleet, screen)
            screen.print("calm; every game is played to its end")
            report = await fleet.finish(FINISH_SECONDS)
            return await asyncio.to_thread(_judge, fleet, report, setting, silences)


async def _disturb(setting: Scene, fleet: Fleet, screen: Screen) -> dict[str, float]:
    silences: dict[str, float] = {}
    watch = asyncio.create_task(_watch(fleet, silences))
    try:
        for name, calm_seconds, disturb in setting.faults():
            await asyncio.sleep(calm_seconds)
            screen.print(f"{name}   ({_shown(fleet)})")
            silences[name] = 0.0
            await disturb()
        await asyncio.sleep(12)
    finally:
        watch.cancel()
    return silences


async def _watch(fleet: Fleet, silences: dict[str, float]) -> None:
    """Note the longest silence of each fault: how long no move at all was acknowledged."""
    loop = asyncio.get_running_loop()
    moves, since = fleet.counts.moves, loop.time()
    while True:
        await asyncio.sleep(0.1)
        if fleet.counts.moves != moves:
            moves, since = fleet.counts.moves, loop.time()
        elif silences:
            latest = next(reversed(silences))
            silences[latest] = max(silences[latest], loop.time() - since)


def _judge(fleet: Fleet, report: Report, setting: Scene, silences: dict[str, float]) -> Verdict:
    moves, results = _stored(setting)
    seen = {one.game_id: one.result for one in report.finished}
    wrong = [
        *history.faults(moves, fleet.ledger.committed),
        *history.contradictions(seen, results),
        *(f"{one.player}: {one.kind}: {one.detail}" for one in report.faults),
        *(f"did not get to the end: {one}" for one in report.stranded),
    ]
    counts = report.counts
    return Verdict(
        games=counts.games,
        moves=counts.moves,
        resumed=counts.resumed,
        dropped=counts.dropped,
        faults=wrong,
        seconds={name: round(value, 1) for name, value in silences.items()},
    )


def _stored(setting: Scene) -> tuple[dict[str, list[tuple[int, str]]], dict[str, str]]:
    moves: dict[str, list[tuple[int, str]]] = {}
    with psycopg.connect(setting.second.store.url) as connection:
        for game_id, ply, uci in connection.execute(
            "SELECT game_id, ply, uci FROM moves ORDER BY game_id, ply"
        ):
            moves.setdefault(game_id, []).append((ply, uci))
        results: dict[str, str] = dict(connection.execute("SELECT id, result FROM games").fetchall())
    return moves, results


def _shown(fleet: Fleet) -> str:
    counts = fleet.counts
    return (
        f"{counts.connections} connected, {counts.moves} moves, {counts.resumed} resumed, {counts.lost} lost"
    )


def _document(plan: Plan, verdict: Verdict) -> dict[str, Any]:
    return {
        "ok": not verdict.faults,
        "commit": plan.this or subjects.head(),
        "games": verdict.games,
        "moves": verdict.moves,
        "dropped": verdict.dropped,
        "resumed": verdict.resumed,
        "longest_silence_seconds": verdict.seconds,
        "faults": list(verdict.faults),
    }


def main(plan: Plan, screen: Screen) -> int:
    """Run a round; 1 if anything was lost."""
    verdict = uvloop.run(_round(plan, screen))
    found = _document(plan, verdict)
    plan.out.parent.mkdir(parents=True, exist_ok=True)
    plan.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for fault in verdict.faults[:SHOWN]:
        screen.print(fault, "red")
    screen.table("chaos", [(name, str(value)) for name, value in found.items() if name != "faults"])
    return 0 if found["ok"] else 1
