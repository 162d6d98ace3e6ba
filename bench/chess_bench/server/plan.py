"""What a run measures, how long, and in which order. Pure."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAST_MOVE = 150
GROWTH = (500, 2000, 8000)
OUT = Path("out/server.json")
MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run's sizes."""

    rounds: int = 5
    seconds: float = 5.0
    """How long a window lasts."""
    warm_seconds: float = 1.5
    """How long the load runs before it."""
    rate: float = 600.0
    """Moves a second over all games."""
    ack_rate: float = 300.0
    games: int = 300
    late_games: int = 24
    late_ply: int = 2 * PAST_MOVE
    idle: int = 2000
    players: int = 2000
    """Who come back at once."""
    return_seconds: float = 0.5
    """Within which they come."""
    echo_sockets: int = 100
    echo_rate: float = 4000.0
    peers: bool = True
    this: str = ""
    """A commit to measure in the place of this checkout: the version before itself shows what the bench can tell."""
    connections: tuple[int, ...] = GROWTH
    alone: bool = False
    """Whether to measure this version alone."""
    out: Path = OUT
    page: Path | None = None

    @property
    def plies(self) -> int:
        """How long the longest game may get."""
        late = self.late_ply + self.rate * (self.warm_seconds + self.seconds) / self.late_games
        early = (self.rate + self.ack_rate) * (self.warm_seconds + self.seconds) / self.games
        return math.ceil(1.3 * max(late, early)) + 40


def order(names: Sequence[str], number: int) -> list[str]:
    """Return a round's order: A B, then B A, so that neither always runs first; longer lists turn by one as well."""
    shift = (number // 2) % len(names) if len(names) > 2 else 0  # noqa: PLR2004 - two have but two orders
    turned = [*names[shift:], *names[:shift]]
    return turned[::-1] if number % 2 else turned


def read(arguments: Sequence[str]) -> tuple[str, Plan]:
    """Read the command line: the mode and its plan. Ends the process where it is wrong."""
    default = Plan()
    parser = argparse.ArgumentParser(prog="python -m chess_bench.server", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--growth", action="store_true", help="growth by connections instead")
    mode.add_argument("--reconnects", action="store_true", help="players who all come back at once instead")
    mode.add_argument("--chaos", action="store_true", help="a chaos round instead: 200 games, all faults")
    parser.add_argument("--rounds", type=_whole, default=None)
    parser.add_argument("--seconds", type=_number, default=default.seconds, help="length of a window")
    parser.add_argument("--warm-seconds", type=_number, default=default.warm_seconds)
    parser.add_argument("--rate", type=_number, default=default.rate, help="moves a second")
    parser.add_argument("--ack-rate", type=_number, default=default.ack_rate)
    parser.add_argument("--games", type=_whole, default=None)
    parser.add_argument("--late-games", type=_whole, default=default.late_games)
    parser.add_argument("--late-ply", type=_whole, default=default.late_ply)
    parser.add_argument("--idle", type=_whole, default=default.idle)
    parser.add_argument("--players", type=_whole, default=default.players, help="of --reconnects")
    parser.add_argument(
        "--no-peers", dest="peers", action="store_false", help="only both versions of the server"
    )
    parser.add_argument("--this", default="", help="a commit to measure in the place of this checkout")
    parser.add_argument("--connections", type=_whole, nargs="+", default=GROWTH, help="of --growth")
    parser.add_argument("--alone", action="store_true", help="only this version, without peers")
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--page", type=Path, default=None, help="write the page, too")
    given = parser.parse_args(arguments)
    chosen = next((name for name in ("growth", "reconnects", "chaos") if getattr(given, name)), "cost")
    return chosen, Plan(
        rounds=given.rounds or (1 if given.growth else default.rounds),
        seconds=given.seconds,
        warm_seconds=given.warm_seconds,
        rate=given.rate,
        ack_rate=given.ack_rate,
        games=given.games or (200 if given.chaos else default.games),
        late_games=given.late_games,
        late_ply=given.late_ply,
        idle=given.idle,
        players=given.players,
        peers=given.peers and not given.alone,
        alone=given.alone,
        this=given.this,
        connections=tuple(given.connections),
        out=given.out or (OUT if chosen == "cost" else OUT.with_stem(f"server-{chosen}")),
        page=given.page,
    )


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST}")
    return int(text)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, at most {MOST}")
    return number
