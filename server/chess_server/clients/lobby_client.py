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


class LobbyClient(Client):
    """A client in the lobby, who looks for an opponent."""

    kind = "lobby"

    def __init__(self, place: LobbyPlace, rate: Rate, services: Services, visit: Visit) -> None:
        super().__init__(place, rate, services, visit)
        self._seek = Seek(place.sri, self.member, self)
        self._turn = asyncio.Lock()

    async def _arrive(self) -> None:
        self._services.lobby.enter(self._seek)

    def _do(self, effect: Submit | EnterPool | LeavePool) -> None:
        self._spawn(self._change(effect))

    async def _change(self, effect: Submit | EnterPool | LeavePool) -> None:
        async with self._turn:
            await asyncio.sleep(self._pause(effect))
            if self._link is None:
                return
            with contextlib.suppress(UnavailableError):  # the lobby's next round tries again
                if isinstance(effect, EnterPool):
                    await self._services.lobby.wait(self._seek, effect.pool, effect.key)
                elif isinstance(effect, LeavePool):
                    await self._services.lobby.stop_waiting(self._seek, effect.key)

    def _pause(self, effect: Submit | EnterPool | LeavePool) -> float:
        """Seconds until it is this address's turn to enter a pool: games are not made as fast as one asks for them."""
        if not isinstance(effect, EnterPool):
            return 0.0
        return self._services.entries.reserve(self.address, monotonic())

    async def _depart(self) -> None:
        with contextlib.suppress(UnavailableError):  # the entry expires
            await self._services.lobby.quit(self._seek)
