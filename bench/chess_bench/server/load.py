"""`python -m chess_bench.server.load`: the load's own process. Orders come as lines of JSON and are answered in kind.

It reads the server's processor time and memory itself, at the moments at which its windows begin and end.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import uvloop

from chess_bench.bots.ledger import percentile
from chess_bench.bots.wire import WireError
from chess_bench.server.crowd import ENTER_SECONDS, Crowd, CrowdError
from chess_bench.server.proc import allow_many_sockets, cpu_seconds, rss_kib
from chess_bench.server.seats import Game

REST_SECONDS = 0.7
"""For what a server still does about sockets that have just come or gone."""


class Load:
    """One crowd and its groups of games."""

    def __init__(self, port: int, pid: int, lines: Sequence[Sequence[str]]) -> None:
        self._crowd = Crowd("127.0.0.1", port, lines)
        self._pid = pid
        self._groups: dict[str, list[Game]] = {}
        self.orders: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
            "pair": self.pair,
            "idle": self.idle,
            "forward": self.forward,
            "play": self.play,
            "come_back": self.come_back,
        }

    async def pair(self, group: str, games: int) -> dict[str, Any]:
        """Bring games about; what their players cost in memory and pairing."""
        memory, cpu = rss_kib(self._pid), cpu_seconds(self._pid)
        self._groups[group] = await self._crowd.pair(games)
        await asyncio.sleep(REST_SECONDS)
        return {
            "games": len(self._groups[group]),
            "player_kib": (rss_kib(self._pid) - memory) / (2 * games),
            "pairing_cpu_ms": 1000 * (cpu_seconds(self._pid) - cpu) / games,
        }

    async def idle(self, sockets: int) -> dict[str, Any]:
        """Open sockets that send nothing; what each costs in memory."""
        before = rss_kib(self._pid)
        await self._crowd.idle(sockets)
        await asyncio.sleep(REST_SECONDS)
        return {"sockets": sockets, "idle_kib": (rss_kib(self._pid) - before) / sockets}

    async def forward(self, group: str, ply: int) -> dict[str, Any]:
        """Play games on to a ply, as fast as it goes."""
        began, cpu = time.monotonic(), cpu_seconds(self._pid)
        missing = sum(max(0, ply - game.acked) for game in self._groups[group])
        await self._crowd.forward(self._groups[group], ply)
        took = time.monotonic() - began
        return {"moves_per_second": missing / took, "cpu_share": (cpu_seconds(self._pid) - cpu) / took}

    async def play(self, group: str, rate: float, warm_seconds: float, seconds: float) -> dict[str, Any]:
        """Play games at a rate, and measure a window of that."""
        tally = self._crowd.tally
        self._crowd.begin(self._groups[group], rate)
        await asyncio.sleep(warm_seconds)
        began, cpu, own, acked = time.monotonic(), cpu_seconds(self._pid), time.process_time(), tally.acked
        await self._window(began + seconds, acked)
        ended, cpu, own, acked = (
            time.monotonic(),
            cpu_seconds(self._pid) - cpu,
            time.process_time() - own,
            tally.acked - acked,
        )
        await self._crowd.end(ended)
        waits = [wait for due, wait in tally.latencies if began <= due < ended]
        tally.latencies.clear()
        nacks = dict(tally.nacks)
        tally.nacks.clear()
        p50, p99 = percentile(waits, 0.50), percentile(waits, 0.99)
        if not acked:
            raise CrowdError(f"no move was acknowledged in {ended - began:.0f} s; refused: {nacks}")
        return {
            "moves": acked,
            "moves_per_second": acked / (ended - began),
            "cpu_ms": 1000 * cpu / acked,
            "cpu_share": cpu / (ended - began),
            "load_cpu_share": own / (ended - began),
            **({"ack_p50_ms": 1000 * p50, "ack_p99_ms": 1000 * p99} if p50 and p99 else {}),
            "ply": min(game.sent for game in self._groups[group]),
            "nacks": nacks,
            "cuts": self._crowd.cuts,
        }

    async def come_back(self, within_seconds: float, pid: int = 0) -> dict[str, Any]:
        """Let all players return at once, to the server they were at or to `pid`, the one after it."""
        if pid:
            self._pid = pid
        else:
            self._crowd.cut()
        await asyncio.sleep(REST_SECONDS)
        players, cpu = self._crowd.players, cpu_seconds(self._pid)
        waits = await self._crowd.come_back(within_seconds)
        p50, p99 = percentile(waits, 0.50), percentile(waits, 0.99)
        if not p50 or not p99:
            raise CrowdError(f"none of {players} players came back")
        return {
            "players": players,
            "missing": players - len(waits),
            "first_p50_ms": 1000 * p50,
            "first_p99_ms": 1000 * p99,
            "return_cpu_ms": 1000 * (cpu_seconds(self._pid) - cpu) / len(waits),
        }

    async def _window(self, until: float, acked: int) -> None:
        """Wait until then, and on a machine that is too busy until there is anything to measure."""
        await asyncio.sleep(max(0.0, until - time.monotonic()))
        while self._crowd.tally.acked == acked and time.monotonic() < until + ENTER_SECONDS:  # noqa: ASYNC110 - not worth an event a move
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        """Close all sockets."""
        await self._crowd.close()


async def _serve(port: int, pid: int, lines: Sequence[Sequence[str]]) -> None:
    allow_many_sockets()
    load = Load(port, pid, lines)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        try:
            answer = await load.orders[order.pop("do")](**order)
        except* (CrowdError, WireError, TimeoutError) as errors:
            answer = {"error": "; ".join(f"{type(one).__name__}: {one}" for one in errors.exceptions)}
        print(json.dumps(answer), flush=True)
    await load.close()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())))
