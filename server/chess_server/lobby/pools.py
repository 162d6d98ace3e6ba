"""The lobby of this server: who waits here, and making games of pairs.

Two are promised to each other, then their game gets a timer, a row in PostgreSQL and a place in Redis; at last both are
sent there in one step. If this server dies before that step, nobody has been sent: both are paired anew, and the game
that nobody knows of ends by its timer. After it, both are told, or learn of it from their next socket.
"""

import asyncio
import random

import structlog

from chess_server.game import ids
from chess_server.game.color import Color
from chess_server.game.state import Game, Player, new_game
from chess_server.play.ledger import Stores
from chess_server.play.subscribers import Ear
from chess_server.store.errors import UnavailableError
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.pools import Match, Placed, Pools, Redirect
from chess_server.wire import frames
from chess_server.wire.pools import Pool

log = structlog.get_logger(__name__)

REPEAT_SECONDS = 2.0
TRIES = 3
"""How many opponents may slip away before a player waits for the next round."""


class Waiter:
    """A lobby socket. `said`: its client's last word has reached Redis."""

    __slots__ = ("ear", "owner", "pool", "said", "sri")

    def __init__(self, sri: str, owner: str, ear: Ear) -> None:
        self.sri = sri
        self.owner = owner
        self.ear = ear
        self.pool: Pool | None = None
        self.said = True


class Lobby:
    """All lobby sockets of this server."""

    def __init__(
        self, pools: Pools, stores: Stores, bus: Bus, keys: Keys, pod_uid: str, no_start_ms: int
    ) -> None:
        self._pools = pools
        self._stores = stores
        self._bus = bus
        self._channel = keys.lobby_channel(pod_uid)
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
        pool, waiter.pool = waiter.pool, None
        if pool is not None:
            await self._pools.quit(waiter.sri, waiter.owner)

    async def wait(self, waiter: Waiter, pool: Pool) -> None:
        """Wait in a pool, or play at once if somebody waits there."""
        self._forget(waiter.sri)
        waiter.pool, waiter.said = pool, False
        await self._say(waiter)

    async def stop_waiting(self, waiter: Waiter) -> None:
        """Leave the pool, whichever socket of this client entered it, here or on a server that is no more."""
        self._forget(waiter.sri)
        waiter.said = False
        await self._say(waiter)

    async def listen(self) -> None:
        """Hear of redirects from now on. Nobody is paired with a player of a server that does not listen."""
        await self._bus.subscribe(self._channel, self._hear)

    async def run(self) -> None:
        """Repeat for ever that those who wait here still wait."""
        while True:
            await asyncio.sleep(REPEAT_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            for waiter in [waiter for here in self._here.values() for waiter in here]:
                await self._repeat(waiter)

    async def _repeat(self, waiter: Waiter) -> None:
        if waiter.pool is None and waiter.said:
            return
        try:
            await self._say(waiter)
        except UnavailableError as error:
            log.debug("put off", reason=str(error))
        except Exception:
            log.exception("a lobby round failed")

    async def _say(self, waiter: Waiter) -> None:
        """Say what the client said, or repeat that it still waits; and do what follows."""
        pool, sri = waiter.pool, waiter.sri
        if pool is None:
            placed = await self._pools.leave(sri)
        elif waiter.said:
            placed = await self._pools.stay(pool.name, sri, waiter.owner)
        else:
            placed = await self._pools.enter(pool.name, sri, waiter.owner)
        if waiter.pool == pool:
            waiter.said = True
        await self._settle(waiter, placed, pool)

    async def _settle(self, waiter: Waiter, placed: Placed, pool: Pool | None) -> None:
        for _ in range(TRIES):
            if waiter not in self._here.get(waiter.sri, ()):  # closed meanwhile, perhaps before it was placed
                await self._pools.quit(waiter.sri, waiter.owner)
            if pool is None or not isinstance(placed, Match) or await self._pair(placed, pool):
                break
            if waiter.pool != pool:
                return
            placed = await self._pools.stay(pool.name, waiter.sri, waiter.owner)
        if isinstance(placed, Redirect):
            self._deliver(waiter.sri, placed.frame)
        elif placed == "elsewhere" and waiter.pool == pool:
            waiter.pool = None

    async def _pair(self, match: Match, pool: Pool) -> bool:
        """Make the game of two and send them there; False if one of them has gone."""
        game = self._drawn(match.sri, match.other, pool)
        now_ms = self._stores.clock.now_ms()
        await self._stores.timers.arm(game.id, now_ms + self._no_start_ms, now_ms)
        await self._stores.database.create_game(game)
        await self._stores.games.create(game)
        colors: tuple[Color, Color] = ("white", "black")
        seats = {color: game.player(color) for color in colors}
        redirects = {seat.sri: frames.redirect(game.id + seat.id, color) for color, seat in seats.items()}
        if await self._pools.seal(match, redirects):
            self.paired += 1
            return True
        await self._withdraw(game)
        return False

    async def _withdraw(self, game: Game) -> None:
        """Remove a game that nobody was sent to. What is left of it if this fails ends by its timer."""
        await self._stores.database.withdraw_game(game.id)
        await self._stores.games.forget(game.id)
        await self._stores.timers.disarm(game.id)

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
        self._forget(sri)
        for waiter in self._here.get(sri, set()):
            waiter.ear.send(frame)

    def _forget(self, sri: str) -> None:
        """Repeat no wait of this client any more."""
        for waiter in self._here.get(sri, set()):
            waiter.pool, waiter.said = None, True

    async def joined(self, game: Game, color: Color) -> None:
        """Note that a player has followed the redirect."""
        await self._pools.followed(game.player(color).sri, game.id)
