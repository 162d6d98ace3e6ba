"""Which players are connected to a game, on any server: seats in Redis, and how long each player has been away."""

from chess_server.game.color import Color
from chess_server.game.shared import Crowd, Held
from chess_server.game.speed import LONGEST_ABANDON_MS, abandon_ms
from chess_server.play.subscribers import Subscriber, Timing
from chess_server.store.stores import Stores


class Attendance:
    """The seats of one game. An absence of `claimable_after_ms` may be claimed; None: the game's speed says."""

    def __init__(self, game_id: str, stores: Stores, claimable_after_ms: int | None) -> None:
        self._id = game_id
        self._stores = stores
        self._fixed_ms = claimable_after_ms
        self._abandon_ms = claimable_after_ms or LONGEST_ABANDON_MS
        self.crowd: Crowd | None = None

    async def sit(self, subscriber: Subscriber) -> None:
        """Take a player's seat; for a spectator, only read which players are connected."""
        subscriber.seated = subscriber.player
        members = [subscriber.entry] if subscriber.player else []
        crowd = await self._stores.games.seat("in" if subscriber.player else "look", self._id, members)
        self.crowd = crowd or self.crowd

    async def leave(self, subscriber: Subscriber) -> None:
        """Give the seat back, if one was taken."""
        if subscriber.seated:
            await self._stores.games.seat("out", self._id, [subscriber.entry])

    async def is_gone(self, color: Color, held: Held) -> bool:
        """Whether Redis says now that a player's absence may be claimed."""
        self._learn(held)
        crowd = await self._stores.games.seat("look", self._id, [])
        left_ms = None if crowd is None else crowd.left_ms(color)
        if left_ms is None:
            return False
        return self._elapsed_ms(left_ms, self._stores.clock.now_ms()) >= self._abandon_ms

    def timing(self, held: Held) -> Timing:
        """Return the time spent on this turn, and how long until each absence may be claimed."""
        self._learn(held)
        elapsed_ms = self._elapsed_ms(held.since_ms, self._stores.clock.now_ms())
        return Timing(elapsed_ms=elapsed_ms, left_ms=self.claimable_in_ms())

    def claimable_in_ms(self) -> dict[Color, float | None]:
        """How long until each player's absence may be claimed; None for one who is connected."""
        now_ms = self._stores.clock.now_ms()
        return {
            "white": self._claimable_in_ms("white", now_ms),
            "black": self._claimable_in_ms("black", now_ms),
        }

    def _claimable_in_ms(self, color: Color, now_ms: int) -> float | None:
        left_ms = None if self.crowd is None else self.crowd.left_ms(color)
        if left_ms is None:
            return None
        return max(self._abandon_ms - self._elapsed_ms(left_ms, now_ms), 0)

    def _learn(self, held: Held) -> None:
        """Learn the game's speed, which never changes."""
        if self._fixed_ms is None:
            self._abandon_ms = abandon_ms(held.game.clock)

    def _elapsed_ms(self, since_ms: int, until_ms: int) -> int:
        return self._stores.health.outages.elapsed(since_ms, until_ms)
