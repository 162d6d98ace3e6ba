"""What is known of games that do not exist, so that asking for them again and again costs no store a call. Pure."""

from chess_server.clients.rate_limit import Buckets, Rate
from chess_server.clients.recent import Recent
from chess_server.wire.paths import PlayPlace, WatchPlace

ABSENT_SECONDS = 30.0
MOST_ABSENT = 20_000
ENDED_SECONDS = 3600.0
MOST_ENDED = 20_000
MISSES = Rate(30, 30.0)
"""How many games that do not exist an address may ask for, until its spectators wait. Players need not."""


class Lookups:
    """Games that are over or that the stores do not know, wrong secrets, and who asked for them, for a time."""

    def __init__(self) -> None:
        self._absent = Recent(ABSENT_SECONDS, MOST_ABSENT)
        self._ended = Recent(ENDED_SECONDS, MOST_ENDED)
        self._misses = Buckets(MISSES)

    def missed(self, place: PlayPlace | WatchPlace, address: str, now: float, *, game_exists: bool) -> None:
        """Note that a client was answered `no_such_game`; `game_exists`: only its secret is wrong."""
        self._misses.take(address, now)
        self._absent.add(_seat(place) if game_exists else place.game_id, now)

    def is_absent(self, place: PlayPlace | WatchPlace, now: float) -> bool:
        """Whether the stores have said lately that there is no such game, or no such player in it."""
        return self._absent.has(place.game_id, now) or self._absent.has(_seat(place), now)

    def ended(self, game_id: str, now: float) -> None:
        """Note that a game is over: its tokens, which do not expire, prove no running game any more."""
        self._ended.add(game_id, now)

    def has_ended(self, game_id: str, now: float) -> bool:
        """Whether a game was seen to be over."""
        return self._ended.has(game_id, now)

    def wait_seconds(self, address: str, now: float) -> float:
        """How long an address that asked for too many absent games has to wait with the next; 0: not at all."""
        return self._misses.wait(address, now)


def _seat(place: PlayPlace | WatchPlace) -> str:
    return place.game_id + (place.player_id if isinstance(place, PlayPlace) else "")
