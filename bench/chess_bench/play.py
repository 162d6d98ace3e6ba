"""`python -m chess_bench.play HOST:PORT`: a fleet of bots against any running server, without Kubernetes.

Prints the report as JSON; exits with 1 if a player was dropped, lost or never let in.
"""

import argparse
import asyncio
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

import uvloop

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.pace import Pace
from chess_bench.settings import MOST_PLAYERS

PRINT_EVERY_SECONDS = 2.0
DAY_SECONDS = 86400


async def _play(arguments: argparse.Namespace, reading: games.Reading) -> int:
    host, port = arguments.address
    for one in reading.left_out:
        print(f"play: {one}", file=sys.stderr)
    async with Fleet(host, port, reading.games, pace=Pace(think_seconds=arguments.think)) as fleet:
        printing = asyncio.create_task(_print_counts(fleet))
        await fleet.join(arguments.players, over_seconds=arguments.over)
        await asyncio.sleep(arguments.seconds)
        report = await fleet.finish(arguments.deadline)
        printing.cancel()
    print(json.dumps({**asdict(report), "finished": len(report.finished)}, indent=1))
    if report.never_admitted:
        admitted = report.counts.players - len(report.never_admitted)
        who = f"only {admitted} of {report.counts.players} players" if admitted else "no player"
        print(f"play: {who} could connect to {host}:{port}", file=sys.stderr)
        return 1
    return 1 if report.drops or report.lost_players else 0


async def _print_counts(fleet: Fleet) -> None:
    while True:
        await asyncio.sleep(PRINT_EVERY_SECONDS)
        print(fleet.counts, file=sys.stderr)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004 - the highest port
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT with a port from 1 to 65535")
    return host.strip("[]"), int(port)


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= MOST_PLAYERS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST_PLAYERS}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= DAY_SECONDS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 0 to {DAY_SECONDS}")
    return seconds


def main() -> int:
    """Read the arguments and play."""
    parser = argparse.ArgumentParser(prog="python -m chess_bench.play", description=__doc__)
    parser.add_argument("address", metavar="HOST:PORT", type=_address)
    parser.add_argument("--players", type=_count, default=40)
    parser.add_argument("--over", type=_seconds, default=2.0, help="seconds over which players connect")
    parser.add_argument(
        "--seconds", type=_seconds, default=20.0, help="seconds during which players start new games"
    )
    parser.add_argument("--deadline", type=_seconds, default=180.0, help="seconds for the last games to end")
    parser.add_argument("--think", type=_seconds, default=1.0, help="seconds per move, on average")
    parser.add_argument("--games", type=Path, default=games.BUNDLED, help="PGN file")
    arguments = parser.parse_args()
    try:
        return uvloop.run(_play(arguments, games.load(arguments.games)))
    except games.GamesError as error:
        parser.exit(2, f"play: {error}\n")


if __name__ == "__main__":
    sys.exit(main())
