"""Where the server's data lives in Redis: one builder per key.

A game's keys share the hash tag `{game id}`; those of the lobby share one for all pools, because a pairing touches
several at once; each timer bucket has its own. Channels are sharded, with the tag of the game or lobby they belong to.
"""

from dataclasses import dataclass
from zlib import crc32

BUCKETS = 8


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one ChessCluster."""

    cluster_uid: str

    def game(self, game_id: str) -> str:
        """Hash: epoch, v, committed, since, state, replid, crowd, left_w, left_b."""
        return f"chess:{self.cluster_uid}:{{{game_id}}}:game"

    def events(self, game_id: str) -> str:
        """Stream `epoch-v`: frame and database row of each event."""
        return f"chess:{self.cluster_uid}:{{{game_id}}}:events"

    def seats(self, game_id: str) -> str:
        """Sorted set: players' sockets → expiry."""
        return f"chess:{self.cluster_uid}:{{{game_id}}}:seats"

    def channel(self, game_id: str) -> str:
        """Sharded channel: what happens in a game."""
        return f"chess:{self.cluster_uid}:{{{game_id}}}:news"

    def waits(self) -> str:
        """Hash: sri → its wait as JSON: pool, owner, and the token and end of a promise."""
        return f"{self._lobby()}:waits"

    def expiry(self) -> str:
        """Sorted set: sri → when its wait ends unless it is repeated."""
        return f"{self._lobby()}:expiry"

    def waiting(self, pool: str) -> str:
        """Sorted set: sri → since when it waits in a pool."""
        return f"{self._lobby()}:waiting:{pool}"

    def redirect(self, sri: str) -> str:
        """Redirect frame that a client has not followed yet."""
        return f"{self._lobby()}:redirect:{sri}"

    def lobby_channel(self, pod_uid: str) -> str:
        """Sharded channel: redirects for the lobby sockets of one server."""
        return f"{self._lobby()}:pod:{pod_uid}"

    def _lobby(self) -> str:
        return f"chess:{{{self.cluster_uid}-lobby}}"

    def timers(self, bucket: int) -> str:
        """Sorted set: game → when to check it."""
        return f"chess:{self.cluster_uid}:{{timers-{bucket}}}"

    def timers_of(self, game_id: str) -> str:
        """Return the bucket of a game."""
        return self.timers(crc32(game_id.encode()) % BUCKETS)

    def rearm_lease(self) -> str:
        """Lease of the server that sets the timers again after Redis has lost them."""
        return f"chess:{self.cluster_uid}:rearm"

    def rearmed(self) -> str:
        """For which identity of Redis all timers are set again."""
        return f"chess:{self.cluster_uid}:rearmed"
