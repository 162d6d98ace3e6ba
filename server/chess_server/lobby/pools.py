"""The lobby of this server: puts its clients into pools, keeps them there, and sends pairs to their game."""

import asyncio
import contextlib
import random
from functools import partial

from chess_server.game.color import Color
from chess_server.game.state import Game
from chess_server.lobby.pairing import Pairing
from chess_server.lobby.seeks import Seek, Seeks, client_of
from chess_server.store.errors import UnavailableError
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.pools import Match, Placed, Pools, Redirect
from chess_server.supervisor import Guard, Progress
from chess_server.wire.pools import Pool

REPEAT_SECONDS = 2.0
AT_ONCE = 8
TRIES = 3
"""How many opponents may leave before they are paired, until a player waits for the next round."""


class Lobby:
    """The lobby. `channel` is where Redis publishes redirects for this server's sockets."""

    def __init__(self, pools: Pools, pairing: Pairing, bus: Bus, channel: str) -> None:
        self._pools = pools
        self._pairing = pairing
        self._bus = bus
        self._channel = channel
        self._seeks = Seeks()
        self._guard = Guard("seek", (UnavailableError,))
        self._turns = asyncio.Semaphore(AT_ONCE)
        """So that many who ask at once are paired by and by: new games come between moves, not before all of them."""

    def enter(self, seek: Seek) -> None:
        """Add a socket."""
        self._seeks.add(seek)

    async def quit(self, seek: Seek) -> None:
        """Remove a socket, and end its wait."""
        self._seeks.remove(seek)
        pool, seek.pool = seek.pool, None
        if pool is not None:
            await self._pools.quit(seek.client, seek.owner)

    async def wait(self, seek: Seek, pool: Pool, key: str) -> None:
        """Wait in a pool, or play at once if an opponent waits there. `key`: the client's secret, or empty."""
        await self._identify(seek, key)
        self._seeks.stop(seek.client)
        seek.pool, seek.synced = pool, False
        async with self._turns:
            if seek in self._seeks:  # not closed meanwhile
                await self._sync(seek)

    async def stop_waiting(self, seek: Seek, key: str) -> None:
        """Leave the pool, whichever of the client's sockets entered it, on this server or another."""
        if key:
            await self._identify(seek, key)
        self._seeks.stop(seek.client)
        seek.synced = False
        async with self._turns:
            await self._sync(seek)

    async def _identify(self, seek: Seek, key: str) -> None:
        """Take the socket as the client's who has this key; a wait under another name ends."""
        client = client_of(seek.sri, key)
        if client == seek.client:
            return
        before, waited = seek.client, seek.pool is not None
        self._seeks.identify(seek, client)
        seek.pool, seek.synced, seek.confirmed = None, True, False
        if waited:
            with contextlib.suppress(UnavailableError):  # that wait expires
                await self._pools.quit(before, seek.owner)

    async def joined(self, game: Game, color: Color) -> None:
        """Note that a player has followed the redirect."""
        await self._pools.followed(game.player(color).sri, game.id)

    async def listen(self) -> None:
        """Subscribe to redirects. Players of a server that is not subscribed are not paired."""
        await self._bus.subscribe(self._channel, self._on_redirect)

    async def run(self, progress: Progress) -> None:
        """Repeat the waits of this server's sockets before they expire, until cancelled."""
        while True:
            progress()
            await asyncio.sleep(REPEAT_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            waiting = [seek for seek in self._seeks if seek.pool is not None or not seek.synced]
            rounds = {seek.owner: partial(self._sync, seek) for seek in waiting}
            await self._guard.each(rounds, at_once=AT_ONCE, progress=progress)

    async def _sync(self, seek: Seek) -> None:
        """Write to Redis what the client asked for, or repeat its wait; then act on the answer."""
        pool, client, asks = seek.pool, seek.client, not seek.synced
        if pool is None:
            placed = await self._pools.leave(client)
        elif asks:
            placed = await self._enter(seek, pool)
        else:
            placed = await self._pools.stay(pool.name, client, seek.owner)
        if seek.pool == pool and seek.client == client:
            seek.synced = True
        await self._settle(seek, placed, pool)

    async def _enter(self, seek: Seek, pool: Pool) -> Placed:
        placed = await self._pools.enter(pool.name, seek.client, seek.owner)
        if isinstance(placed, Redirect) and not seek.keyed and not seek.confirmed:
            # Some socket with this sri was paired, and nobody can say whose it was. This one waits anew.
            await self._pools.drop_redirect(seek.client)
            placed = await self._pools.enter(pool.name, seek.client, seek.owner)
        return placed

    async def _settle(self, seek: Seek, placed: Placed, pool: Pool | None) -> None:
        self._note(seek, placed)
        for _ in range(TRIES):
            if seek not in self._seeks:  # closed since, perhaps before Redis had placed it
                await self._pools.quit(seek.client, seek.owner)
            if pool is None or not isinstance(placed, Match) or await self._pairing.pair(placed, pool):
                break
            if seek.pool != pool:
                return
            placed = await self._pools.stay(pool.name, seek.client, seek.owner)
            self._note(seek, placed)
        if isinstance(placed, Redirect):
            if seek.keyed:
                self._seeks.deliver(seek.client, placed.frame)
        elif placed == "elsewhere" and seek.pool == pool:
            seek.pool = None

    def _note(self, seek: Seek, placed: Placed) -> None:
        if placed == "elsewhere":
            seek.confirmed = False
        elif not isinstance(placed, Redirect):
            self._seeks.confirm(seek)

    def _on_redirect(self, message: bytes) -> None:
        client, _, frame = message.partition(b"\n")
        self._seeks.deliver(client.decode(), frame)
