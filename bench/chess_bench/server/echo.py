"""`python -m chess_bench.server.echo`: a move frame to and fro at a rate, against any WebSocket server that echoes."""

import asyncio
import json
import sys
import time
from collections import deque
from typing import Any

import uvloop

from chess_bench.bots.effects import Open, Send
from chess_bench.bots.ledger import percentile
from chess_bench.bots.sockets import Sockets
from chess_bench.server.proc import allow_many_sockets, cpu_seconds

FRAME = '{"t":"move","d":{"u":"e7e8q","a":9007199254740991,"s":0}}\n'
"""A move with all that a client may put in: 58 bytes. Every server must send it back as it came."""
TICK_SECONDS = 0.002
OPEN_SECONDS = 30.0
LAST_SECONDS = 0.3
"""For the answers to what was sent last."""


class Echoed:
    """One socket, and when each frame under way was due."""

    def __init__(self) -> None:
        self.handshake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.due: deque[float] = deque()
        self.waits: list[float] = []
        self.lost = 0

    def opened(self, _socket: int) -> None:
        """Note the handshake."""
        self.handshake.set_result(None)

    def refused(self, _socket: int, _retry_after_seconds: float | None) -> None:
        """Fail."""
        self.handshake.set_exception(ConnectionError("a handshake was refused"))

    def received(self, _socket: int, text: str) -> None:
        """Take a frame back."""
        if text == FRAME:
            self.waits.append(time.monotonic() - self.due.popleft())

    def closed(self, _socket: int, _code: int | None) -> None:
        """Count a socket that the server has closed: a server that drops clients has not echoed."""
        self.lost += 1


async def echo(port: int, pid: int, connections: int, rate: float, seconds: float) -> dict[str, Any]:
    """Open sockets, send at that rate over all of them, and measure all but the first fifth."""
    sockets = Sockets("127.0.0.1", port, lambda _open: None)
    guests = [Echoed() for _ in range(connections)]
    for number, guest in enumerate(guests):
        sockets.carry_out(guest, [Open(number, "/echo")])
    async with asyncio.timeout(OPEN_SECONDS):
        await asyncio.gather(*(guest.handshake for guest in guests))
    await _send(sockets, guests, rate, seconds / 4)
    for guest in guests:
        guest.waits.clear()
    cpu, began = cpu_seconds(pid), time.monotonic()
    await _send(sockets, guests, rate, seconds)
    cpu, took = cpu_seconds(pid) - cpu, time.monotonic() - began
    await asyncio.sleep(LAST_SECONDS)
    waits = [wait for guest in guests for wait in guest.waits]
    lost = sum(guest.lost for guest in guests)
    await sockets.drain()
    if lost or not waits:
        raise ConnectionError(f"{lost} of {connections} sockets were closed, {len(waits)} frames came back")
    return {
        "messages": len(waits),
        "messages_per_second": len(waits) / took,
        "cpu_us": 1e6 * cpu / max(1, len(waits)),
        "p50_ms": 1000 * (percentile(waits, 0.50) or 0),
        "p99_ms": 1000 * (percentile(waits, 0.99) or 0),
    }


async def _send(sockets: Sockets, guests: list[Echoed], rate: float, seconds: float) -> None:
    """Send what is due, one socket after another."""
    began, sent = time.monotonic(), 0
    total = round(rate * seconds)
    while sent < total:
        now = time.monotonic()
        while sent < total and began + sent / rate <= now:
            number = sent % len(guests)
            guests[number].due.append(began + sent / rate)
            sockets.carry_out(guests[number], [Send(number, FRAME)])
            sent += 1
        await asyncio.sleep(TICK_SECONDS)


async def _serve(port: int, pid: int) -> None:
    allow_many_sockets()
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        order.pop("do")
        try:
            answer = await echo(port, pid, **order)
        except (OSError, TimeoutError) as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    uvloop.run(_serve(*map(int, sys.argv[1:3])))
