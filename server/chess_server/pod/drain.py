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

from chess_server.wire import frames

log = structlog.get_logger(__name__)

FEW = 50
QUICK_SECONDS = 2.5
CLIENTS_A_SECOND = 25
JITTER_MS = 500
REPEAT_SECONDS = 10.0
TICK_SECONDS = 0.1
FAREWELL_SECONDS = 2.5
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
    """Whether this pod drains, and the task that empties it. `on_change`: a drain has begun or was taken back."""

    def __init__(self, clients: Callable[[], Collection[Leaver]], window_seconds: float) -> None:
        self._clients = clients
        self._window = window_seconds
        self._deadline: float | None = None
        self._final = False
        self._waves: asyncio.Task[None] | None = None
        self.empty = asyncio.Event()
        self.on_change: Callable[[], None] = lambda: None

    @property
    def draining(self) -> bool:
        """Whether new connections are refused."""
        return self._deadline is not None

    def begin(self, seconds: float, *, final: bool = False) -> bool:
        """Drain within `seconds`; False if it drains already. `final`: the drain cannot be taken back."""
        deadline = monotonic() + seconds
        begins = self._deadline is None
        self._final = self._final or final
        self._deadline = deadline if self._deadline is None else min(deadline, self._deadline)
        if self._waves is None:
            self._waves = asyncio.get_running_loop().create_task(self._run())
        if begins:
            log.info("draining", clients=len(self._clients()), seconds=round(seconds, 1), final=final)
            self.on_change()
        return begins

    def cancel(self) -> bool:
        """Take the drain back; False if there is none, or if it is final."""
        if self._deadline is None or self._final:
            return False
        self._deadline = None
        if self._waves is not None:
            self._waves.cancel()
            self._waves = None
        for client in self._clients():
            client.asked_to_leave = False
        log.info("drain taken back", clients=len(self._clients()))
        self.on_change()
        return True

    async def _run(self) -> None:
        while not self._over():
            await self._ask_all()
            await self._pause(REPEAT_SECONDS)
            for client in self._clients():
                client.asked_to_leave = False
        for client in list(self._clients()):
            client.close(RESTART, "restart", "drain_deadline")
        until = monotonic() + FAREWELL_SECONDS
        while self._clients() and monotonic() < until:  # noqa: ASYNC110 - two conditions, neither has an event
            await asyncio.sleep(TICK_SECONDS)
        self.empty.set()

    async def _ask_all(self) -> None:
        clients = [client for client in self._clients() if not client.asked_to_leave]
        random.shuffle(clients)
        pause = spread_seconds(len(clients), self._window) / max(len(clients), 1)
        for client in clients:
            if self._over():
                return
            client.asked_to_leave = True
            client.send(frames.server_restart(0, JITTER_MS))
            await asyncio.sleep(pause)

    async def _pause(self, seconds: float) -> None:
        until = monotonic() + seconds
        await asyncio.sleep(TICK_SECONDS)
        while monotonic() < until and not self._over():  # noqa: ASYNC110 - two conditions, neither has an event
            await asyncio.sleep(TICK_SECONDS)

    def _over(self) -> bool:
        late = self._deadline is not None and monotonic() >= self._deadline
        return late or (self._final and not self._clients())
