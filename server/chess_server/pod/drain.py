"""A pod's drain: ask every client to reconnect elsewhere, in waves; close at the deadline what is left.

The operator orders a drain in Redis and may take it back; a drain by SIGTERM is final. Clients are served in full until
they leave.
"""

import asyncio
import random
from collections.abc import Callable, Collection
from time import monotonic
from typing import Protocol

import structlog

from chess_server.pod.drain_stages import DrainState, Stage
from chess_server.supervisor import Progress, work_for
from chess_server.wire import frames

log = structlog.get_logger(__name__)

FEW = 50
QUICK_SECONDS = 2.5
CLIENTS_A_SECOND = 25
JITTER_MS = 500
REPEAT_SECONDS = 10.0
TICK_SECONDS = 0.1
RESTART = 1012


class Leaver(Protocol):
    """A client that can be asked to reconnect elsewhere."""

    asked_to_leave: bool

    def send(self, frame: bytes) -> None:
        """Send a frame."""

    def close(self, code: int, reason: str, cause: str) -> None:
        """Close the socket."""


def spread_seconds(clients: int, window_seconds: float) -> float:
    """How many seconds to spread the requests over: a short time for few clients, up to the window for many."""
    if clients <= FEW:
        return min(window_seconds, QUICK_SECONDS)
    return min(window_seconds, max(QUICK_SECONDS, clients / CLIENTS_A_SECOND))


class PodDrain:
    """Whether this pod drains, and the loop that empties it. `on_change`: a drain has begun or was taken back."""

    def __init__(self, clients: Callable[[], Collection[Leaver]], window_seconds: float) -> None:
        self._clients = clients
        self._window = window_seconds
        self._state = DrainState()
        self._ordered = asyncio.Event()
        self._finished = asyncio.Event()
        self._orders = 0
        self.on_change: Callable[[], None] = lambda: None

    @property
    def draining(self) -> bool:
        """Whether new connections are refused."""
        return self._state.deadline is not None

    def begin(self, seconds: float, *, final: bool = False) -> bool:
        """Drain within `seconds`; False if it drains already. `final`: the drain cannot be taken back."""
        begins = not self.draining
        self._state = self._state.begin(monotonic() + seconds, final=final)
        self._ordered.set()
        if begins:
            log.info("draining", clients=len(self._clients()), seconds=round(seconds, 1), final=final)
            self.on_change()
        return begins

    def cancel(self) -> bool:
        """Take the drain back; False if there is none, or if it is final."""
        if not self.draining or self._state.final:
            return False
        self._state = self._state.cancel()
        self._ordered.clear()
        self._orders += 1
        for client in self._clients():
            client.asked_to_leave = False
        log.info("drain taken back", clients=len(self._clients()))
        self.on_change()
        return True

    async def finished(self) -> None:
        """Wait until a final drain is over."""
        await self._finished.wait()

    async def run(self, progress: Progress) -> None:
        """Carry out what is ordered, until cancelled."""
        while True:
            progress()
            stage = self._stage
            if stage == "serving":
                await work_for(self._ordered)
            elif stage == "asking":
                await self._ask_all(progress)
                await self._pause(REPEAT_SECONDS, progress)
            else:
                self._close_all(stage)
                await asyncio.sleep(TICK_SECONDS)

    @property
    def _stage(self) -> Stage:
        return self._state.stage(monotonic(), clients=bool(self._clients()))

    async def _ask_all(self, progress: Progress) -> None:
        clients = list(self._clients())
        random.shuffle(clients)
        pause = spread_seconds(len(clients), self._window) / max(len(clients), 1)
        still = self._same_order()
        for client in clients:
            progress()
            if not still():
                return
            if not client.asked_to_leave:
                client.asked_to_leave = True
                _try(client, lambda one: one.send(frames.server_restart(0, JITTER_MS)))
                await asyncio.sleep(pause)

    async def _pause(self, seconds: float, progress: Progress) -> None:
        """Wait until it is time to ask again those who have not gone."""
        until, still = monotonic() + seconds, self._same_order()
        while still() and monotonic() < until:
            progress()
            await asyncio.sleep(TICK_SECONDS)
        for client in self._clients():
            client.asked_to_leave = False

    def _same_order(self) -> Callable[[], bool]:
        """Return what says whether the drain still asks, and was not taken back meanwhile."""
        orders = self._orders
        return lambda: self._orders == orders and self._stage == "asking"

    def _close_all(self, stage: Stage) -> None:
        """Close what is left, also who came since: a handshake may have been under way."""
        if self._state.deadline is not None and monotonic() >= self._state.deadline:
            for client in list(self._clients()):
                _try(client, lambda one: one.close(RESTART, "restart", "drain_deadline"))
            self._state = self._state.closed(monotonic())
        if stage == "over" and self._state.final:
            self._finished.set()


def _try(client: Leaver, act: Callable[[Leaver], None]) -> None:
    try:
        act(client)
    except Exception:
        log.exception("a client could not be asked to leave")
