"""The lobby of this server: who waits here, and making games of pairs.

A pair becomes a game in PostgreSQL, then in Redis, then two redirects. If this server dies in between, both players'
servers put them back into the pool when the rest after a pairing is over.
"""

import asyncio
import random

import structlog

from chess_server.audience import Ear
from chess_server.game import ids
from chess_server.game.color import Color
from chess_server.game.state import Game, Player, new_game
from chess_server.ledger import Stores
from chess_server.store.bus import Bus
from chess_server.store.errors import UnavailableError
from chess_server.store.keys import Keys
from chess_server.store.pools import Paired, Pools
from chess_server.wire import frames
from chess_server.wire.pools import Pool

log = structlog.get_logger(__name__)

REPEAT_SECONDS = 3.0


class Waiter:
    """A lobby socket."""

    __slots__ = ("ear", "owner", "pool", "sri")

    def __init__(self, sri: str, owner: str, ear: Ear) -> None:
        self.sri = sri
        self.owner = owner
        self.ear = ear
        self.pool: Pool | None = None


class Lobby:
    """All lobby sockets of this server."""

    def __init__(
        self, pools: Pools, stores: Stores, bus: Bus, keys: Keys, pod_uid: str, no_start_ms: int
    ) -> None:
        self._pools = pools
        self._stores = stores
        self._bus = bus
        self._channel = keys.lobby_channel(pod_uid)
        self._pod_uid = pod_uid
        self._no_start_ms = no_start_ms
        self._here: dict[str, set[Waiter]] = {}
        self.paired = 0

    async def enter(self, waiter: Waiter) -> None:
        """Take a socket in; a redirect that it has missed is sent at once."""
        self._here.setdefault(waiter.sri, set()).add(waiter)
        missed = await self._pools.redirect_of(waiter.sri)
        if missed is not None:
            waiter.ear.send(missed)

    async def quit(self, waiter: Waiter) -> None:
        """Let a socket go."""
        here = self._here.get(waiter.sri, set())
        here.discard(waiter)
        if not here:
            self._here.pop(waiter.sri, None)
        await self.stop_waiting(waiter)

    async def wait(self, waiter: Waiter, pool: Pool) -> None:
        """Wait in a pool, or play at once if somebody waits there."""
        if waiter.pool is not None and waiter.pool != pool:
            await self.stop_waiting(waiter)
        waiter.pool = pool
        await self._place(waiter, pool)

    async def stop_waiting(self, waiter: Waiter) -> None:
        """Leave the pool."""
        pool, waiter.pool = waiter.pool, None
        if pool is not None:
            await self._pools.leave(pool.name, waiter.sri, waiter.owner)

    async def run(self) -> None:
        """Hear of redirects, and repeat for ever that those who wait here still wait."""
        await self._bus.subscribe(self._channel, self._hear)
        while True:
            await asyncio.sleep(REPEAT_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            for waiter in [waiter for here in self._here.values() for waiter in here if waiter.pool]:
                await self._repeat(waiter)

    async def _repeat(self, waiter: Waiter) -> None:
        try:
            missed = await self._pools.redirect_of(waiter.sri)
            if missed is not None:
                self._deliver(waiter.sri, missed)
            elif waiter.pool is not None:
                await self._place(waiter, waiter.pool)
        except UnavailableError as error:
            log.debug("put off", reason=str(error))
        except Exception:
            log.exception("a lobby round failed")

    async def _place(self, waiter: Waiter, pool: Pool) -> None:
        placed = await self._pools.enter(pool.name, waiter.sri, waiter.owner)
        if isinstance(placed, Paired):
            await self._pair(waiter, placed, pool)
        elif placed == "resting":
            missed = await self._pools.redirect_of(waiter.sri)
            if missed is not None:
                self._deliver(waiter.sri, missed)

    async def _pair(self, waiter: Waiter, paired: Paired, pool: Pool) -> None:
        game = self._drawn(waiter.sri, paired.sri, pool)
        await self._stores.database.create_game(game)
        await self._stores.games.create(game)
        now_ms = self._stores.clock.now_ms()
        await self._stores.timers.arm(game.id, now_ms + self._no_start_ms, now_ms)
        self.paired += 1
        their_pod = paired.owner.partition("|")[0]
        pods = {waiter.sri: self._pod_uid, paired.sri: their_pod}
        colors: tuple[Color, Color] = ("white", "black")
        for color in colors:
            player = game.player(color)
            await self._pools.redirect(
                player.sri, frames.redirect(game.id + player.id, color), pods[player.sri]
            )

    def _drawn(self, one: str, other: str, pool: Pool) -> Game:
        white, black = (one, other) if random.SystemRandom().random() < 0.5 else (other, one)  # noqa: PLR2004
        return new_game(
            ids.random_id(ids.GAME_LENGTH),
            white=Player(id=ids.random_id(ids.PLAYER_LENGTH), sri=white),
            black=Player(id=ids.random_id(ids.PLAYER_LENGTH), sri=black),
            initial_seconds=pool.initial_seconds,
            increment_seconds=pool.increment_seconds,
            now_ms=self._stores.clock.now_ms(),
        )

    def _hear(self, message: bytes) -> None:
        sri, _, frame = message.partition(b"\n")
        self._deliver(sri.decode(), frame)

    def _deliver(self, sri: str, frame: bytes) -> None:
        for waiter in self._here.get(sri, set()):
            waiter.pool = None
            waiter.ear.send(frame)

    async def joined(self, game: Game, color: Color) -> None:
        """Note that a player has followed the redirect."""
        await self._pools.followed(game.pool, game.player(color).sri, game.id)
