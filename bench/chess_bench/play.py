"""`python -m chess_bench.play HOST:PORT`: a fleet of bots against any running server, without Kubernetes.

Prints the report as JSON; exit 1 if anybody was dropped or lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

import uvloop

from chess_bench import games
from chess_bench.fleet import Fleet
from chess_bench.pace import Pace

TELL_S = 2.0


async def _play(arguments: argparse.Namespace, chosen: tuple[games.Game, ...]) -> int:
    host, _, port = arguments.door.rpartition(":")
    async with Fleet(host, int(port), chosen, pace=Pace(think_s=arguments.think)) as fleet:
        teller = asyncio.create_task(_tell(fleet))
        await fleet.join(arguments.players, over_s=arguments.over)
        await asyncio.sleep(arguments.seconds)
        report = await fleet.finish(arguments.deadline)
        teller.cancel()
    print(json.dumps({**asdict(report), "finished": len(report.finished)}, indent=1))
    return 1 if report.drops or report.lost_players else 0


async def _tell(fleet: Fleet) -> None:
    while True:
        await asyncio.sleep(TELL_S)
        print(fleet.counts, file=sys.stderr)


def main() -> int:
    """Read the arguments and play."""
    parser = argparse.ArgumentParser(prog="python -m chess_bench.play", description=__doc__)
    parser.add_argument("door", metavar="HOST:PORT")
    parser.add_argument("--players", type=int, default=40)
    parser.add_argument("--over", type=float, default=2.0, help="seconds in which they come")
    parser.add_argument("--seconds", type=float, default=20.0, help="for how long they begin new games")
    parser.add_argument("--deadline", type=float, default=180.0, help="seconds for the last games")
    parser.add_argument("--think", type=float, default=1.0, help="seconds a move, on average")
    parser.add_argument("--games", type=Path, default=games.BUNDLED, help="PGN file")
    arguments = parser.parse_args()
    try:
        return uvloop.run(_play(arguments, games.load(arguments.games)))
    except games.GamesError as error:
        parser.exit(2, f"play: {error}\n")


if __name__ == "__main__":
    sys.exit(main())
