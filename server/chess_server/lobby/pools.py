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
from chess_server.store.errors import UnavailableError
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.pools import Match, Placed, Pools, Redirect
from chess_server.store.stores import Stores
from chess_server.wire import frames
from chess_server.wire.frames import Sender
from chess_server.wire.pools import Pool

log = structlog.get_logger(__name__)

REPEAT_SECONDS = 2.0
TRIES = 3
"""How many opponents may slip away before a player waits for the next round."""


class Seek:
    """A lobby socket. `synced`: its client's last word has reached Redis."""

    __slots__ = ("owner", "pool", "sender", "sri", "synced")

    def __init__(self, sri: str, owner: str, sender: Sender) -> None:
        self.sri = sri
        self.owner = owner
        self.sender = sender
        self.pool: Pool | None = None
        self.synced = True


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
        self._here: dict[str, set[Seek]] = {}
        self.paired = 0

    async def enter(self, seek: Seek) -> None:
        """Take a socket in; a redirect that it has missed is sent at once."""
        self._here.setdefault(seek.sri, set()).add(seek)
        missed = await self._pools.redirect_of(seek.sri)
        if missed is not None:
            seek.sender.send(missed)

    async def quit(self, seek: Seek) -> None:
        """Let a socket go."""
        here = self._here.get(seek.sri, set())
        here.discard(seek)
        if not here:
            self._here.pop(seek.sri, None)
        pool, seek.pool = seek.pool, None
        if pool is not None:
            await self._pools.quit(seek.sri, seek.owner)

    async def wait(self, seek: Seek, pool: Pool) -> None:
        """Wait in a pool, or play at once if somebody waits there."""
        self._forget(seek.sri)
        seek.pool, seek.synced = pool, False
        await self._sync(seek)

    async def stop_waiting(self, seek: Seek) -> None:
        """Leave the pool, whichever socket of this client entered it, here or on a server that is no more."""
        self._forget(seek.sri)
        seek.synced = False
        await self._sync(seek)

    async def listen(self) -> None:
        """Hear of redirects from now on. Nobody is paired with a player of a server that does not listen."""
        await self._bus.subscribe(self._channel, self._on_redirect)

    async def run(self) -> None:
        """Repeat for ever that those who wait here still wait."""
        while True:
            await asyncio.sleep(REPEAT_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            for seek in [seek for here in self._here.values() for seek in here]:
                await self._repeat(seek)

    async def _repeat(self, seek: Seek) -> None:
        if seek.pool is None and seek.synced:
            return
        try:
            await self._sync(seek)
        except UnavailableError as error:
            log.debug("put off", reason=str(error))
        except Exception:
            log.exception("a lobby round failed")

    async def _sync(self, seek: Seek) -> None:
        """Say what the client synced, or repeat that it still waits; and do what follows."""
        pool, sri = seek.pool, seek.sri
        if pool is None:
            placed = await self._pools.leave(sri)
        elif seek.synced:
            placed = await self._pools.stay(pool.name, sri, seek.owner)
        else:
            placed = await self._pools.enter(pool.name, sri, seek.owner)
        if seek.pool == pool:
            seek.synced = True
        await self._settle(seek, placed, pool)

    async def _settle(self, seek: Seek, placed: Placed, pool: Pool | None) -> None:
        for _ in range(TRIES):
            if seek not in self._here.get(seek.sri, ()):  # closed meanwhile, perhaps before it was placed
                await self._pools.quit(seek.sri, seek.owner)
            if pool is None or not isinstance(placed, Match) or await self._pair(placed, pool):
                break
            if seek.pool != pool:
                return
            placed = await self._pools.stay(pool.name, seek.sri, seek.owner)
        if isinstance(placed, Redirect):
            self._deliver(seek.sri, placed.frame)
        elif placed == "elsewhere" and seek.pool == pool:
            seek.pool = None

    async def _pair(self, match: Match, pool: Pool) -> bool:
        """Make the game of two and send them there; False if one of them has gone."""
        game = self._new_game(match.sri, match.other, pool)
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

    def _new_game(self, one: str, other: str, pool: Pool) -> Game:
        white, black = (one, other) if random.SystemRandom().random() < 0.5 else (other, one)  # noqa: PLR2004 - either color is as likely
        return new_game(
            ids.random_id(ids.GAME_LENGTH),
            white=Player(id=ids.random_id(ids.PLAYER_LENGTH), sri=white),
            black=Player(id=ids.random_id(ids.PLAYER_LENGTH), sri=black),
            initial_seconds=pool.initial_seconds,
            increment_seconds=pool.increment_seconds,
            now_ms=self._stores.clock.now_ms(),
        )

    def _on_redirect(self, message: bytes) -> None:
        sri, _, frame = message.partition(b"\n")
        self._deliver(sri.decode(), frame)

    def _deliver(self, sri: str, frame: bytes) -> None:
        self._forget(sri)
        for seek in self._here.get(sri, set()):
            seek.sender.send(frame)

    def _forget(self, sri: str) -> None:
        """Repeat no wait of this client any more."""
        for seek in self._here.get(sri, set()):
            seek.pool, seek.synced = None, True

    async def joined(self, game: Game, color: Color) -> None:
        """Note that a player has followed the redirect."""
        await self._pools.followed(game.player(color).sri, game.id)
