"""A client in the lobby: joins a link to the pools."""

import asyncio
import contextlib
from time import monotonic

from chess_server.clients.client import Client, Services, Visit
from chess_server.clients.rate_limit import Rate
from chess_server.clients.session import EnterPool, LeavePool, Submit
from chess_server.lobby.seeks import Seek
from chess_server.store.errors import UnavailableError
from chess_server.wire.paths import LobbyPlace

Change = EnterPool | LeavePool


class LobbyClient(Client):
    """A client in the lobby, who looks for an opponent."""

    __slots__ = ("_pausing", "_seek", "_wanted", "_work")
    kind = "lobby"

    def __init__(self, place: LobbyPlace, rate: Rate, services: Services, visit: Visit) -> None:
        super().__init__(place, rate, services, visit)
        self._seek = Seek(place.sri, self.member, self)
        self._wanted: tuple[Change, ...] = ()
        self._work: asyncio.Task[None] | None = None
        self._pausing = False

    async def _arrive(self) -> None:
        self._services.lobby.enter(self._seek)

    def _do(self, effect: Submit | EnterPool | LeavePool) -> None:
        if isinstance(effect, Submit):
            return
        self._wanted = after(self._wanted, effect)
        if isinstance(effect, LeavePool):
            self._end_pause()  # only an entry waits for its turn
        if self._work is None or self._work.done() or self._work.cancelling():
            self._work = self._spawn(self._carry_on())

    async def _carry_on(self) -> None:
        """Do what the client wants, one after another: one task and one entry at a time, however much it asks for."""
        while self._wanted and self._link is not None:
            if isinstance(self._wanted[0], EnterPool):
                await self._pause()
            change, *others = self._wanted  # what the first is, may have changed meanwhile
            self._wanted = tuple(others)
            with contextlib.suppress(UnavailableError):  # the lobby's next round tries again
                await self._change(change)

    async def _change(self, change: Change) -> None:
        if isinstance(change, EnterPool):
            await self._services.lobby.wait(self._seek, change.pool, change.key)
        else:
            await self._services.lobby.stop_waiting(self._seek, change.key)

    async def _pause(self) -> None:
        """Wait until it is this address's turn to enter a pool: games are not made as fast as one asks for them."""
        entries = self._services.entries
        seconds = entries.reserve(self.address, monotonic())
        self._pausing = True
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            entries.give_back(self.address)
            raise
        self._pausing = False

    def _stop_arriving(self) -> None:
        super()._stop_arriving()
        self._end_pause()

    def _end_pause(self) -> None:
        if self._pausing and self._work is not None:
            self._pausing = False
            self._work.cancel()

    async def _depart(self) -> None:
        with contextlib.suppress(UnavailableError):  # the entry expires
            await self._services.lobby.quit(self._seek)


def after(wanted: tuple[Change, ...], change: Change) -> tuple[Change, ...]:
    """Return what is still to be done when a client wants one thing more: no entry that another change follows."""
    entry = next((one for one in wanted if isinstance(one, EnterPool)), None)
    if isinstance(change, EnterPool):
        return (*(one for one in wanted if one is not entry), change)
    left = LeavePool(change.key or ("" if entry is None else entry.key))
    return (*(one for one in wanted if one not in (entry, left)), left)
