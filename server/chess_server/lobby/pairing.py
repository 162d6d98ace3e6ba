"""Makes the game of two players promised to each other, and sends both there.

The game gets a timer, a row in PostgreSQL and a place in Redis; at last both players are sent there in one step. If
this server dies before that step, no player was sent: both are paired again, and the unused game ends by its timer.
After it, both get their redirect, if not at once then on their next socket.
"""

import random
from collections.abc import Callable

from chess_server.game import ids
from chess_server.game.color import OTHER
from chess_server.game.state import Game, Player, new_game
from chess_server.metrics import Metrics
from chess_server.store.redis.pools import Match, Pools
from chess_server.store.stores import Stores
from chess_server.wire import frames
from chess_server.wire.pools import Pool
from chess_server.wire.tokens import Tokens


class Pairing:
    """Makes games of pairs. A game without first moves ends after `no_start_ms`."""

    def __init__(
        self,
        pools: Pools,
        stores: Stores,
        metrics: Metrics,
        no_start_ms: int,
        tokens: Callable[[], Tokens],
    ) -> None:
        self._pools = pools
        self._stores = stores
        self._metrics = metrics
        self._no_start_ms = no_start_ms
        self._tokens = tokens

    async def pair(self, match: Match, pool: Pool) -> bool:
        """Make the game of two and send them there; False if one of them has gone."""
        game = self._new_game(match.sri, match.other, pool)
        now_ms = self._stores.clock.now_ms()
        await self._stores.timers.arm(game.id, now_ms + self._no_start_ms, now_ms)
        await self._stores.database.create_game(game)
        await self._stores.games.create(game)
        if await self._pools.seal(match, self._redirects(game)):
            self._metrics.pairings.inc()
            return True
        await self._withdraw(game)
        return False

    def _redirects(self, game: Game) -> dict[str, bytes]:
        """Make both redirects, by client."""
        tokens = self._tokens()
        seats = {color: game.player(color) for color in OTHER}
        return {
            seat.sri: frames.redirect(game.id + seat.id, color, tokens.of(game.id, color))
            for color, seat in seats.items()
        }

    async def _withdraw(self, game: Game) -> None:
        """Remove a game to which no player was sent. If this fails, its timer ends what is left."""
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
