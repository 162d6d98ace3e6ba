"""What is known without asking a store: absent games, who asked for many such, who has played here lately. Pure."""

from chess_server.clients.rate_limit import Buckets, Rate
from chess_server.clients.recent import Recent
from chess_server.game.color import Color
from chess_server.wire.paths import Place, PlayPlace, WatchPlace

ABSENT_SECONDS = 30.0
MOST_ABSENT = 20_000
ENDED_SECONDS = 3600.0
MOST_ENDED = 20_000
MISSES = Rate(30, 30.0)
"""How many games that do not exist an address may ask for until it waits: its players and its spectators each."""
PLAYED_SECONDS = 900.0
MOST_PLAYED = 20_000


class Lookups:
    """Games that are over or that the stores do not know, wrong secrets, and who asked for them, for a time."""

    def __init__(self) -> None:
        self._absent = Recent(ABSENT_SECONDS, MOST_ABSENT)
        self._ended = Recent(ENDED_SECONDS, MOST_ENDED)
        self._misses: dict[type[Place], Buckets] = {PlayPlace: Buckets(MISSES), WatchPlace: Buckets(MISSES)}
        self._played = Recent(PLAYED_SECONDS, MOST_PLAYED)

    def missed(self, place: PlayPlace | WatchPlace, address: str, now: float, *, game_exists: bool) -> None:
        """Note that a client was answered `no_such_game`; `game_exists`: only its secret is wrong."""
        self._misses[type(place)].take(address, now)
        self._absent.add(seat_of(place) if game_exists else place.game_id, now)

    def is_absent(self, place: PlayPlace | WatchPlace, now: float) -> bool:
        """Whether the stores have said lately that there is no such game, or no such player in it."""
        return self._absent.has(place.game_id, now) or self._absent.has(seat_of(place), now)

    def ended(self, game_id: str, now: float) -> None:
        """Note that a game is over: its tokens, which do not expire, prove no running game any more."""
        self._ended.add(game_id, now)

    def has_ended(self, game_id: str, now: float) -> bool:
        """Whether a game was seen to be over."""
        return self._ended.has(game_id, now)

    def wait_seconds(self, place: PlayPlace | WatchPlace, address: str, now: float) -> float:
        """How long an address that asked for too many absent games has to wait with the next; 0: not at all."""
        return self._misses[type(place)].wait(address, now)

    def left(self, place: Place, now: float) -> None:
        """Note that a client has left a game that goes on."""
        if isinstance(place, PlayPlace):
            self._played.add(seat_of(place), now)

    def has_played(self, place: Place, now: float) -> bool:
        """Whether a player has left his running game here lately: he is no guess, though the game is forgotten."""
        if not isinstance(place, PlayPlace) or self.has_ended(place.game_id, now):
            return False
        return self._played.has(seat_of(place), now)


def seat_of(place: Place, color: Color | None = None) -> str:
    """Return which player of which game a place is; empty for everybody else.

    `color`: as the game says. Where it is not known yet, the token or else the secret says who it is.
    """
    if not isinstance(place, PlayPlace):
        return ""
    known = place.color or color
    return f"{place.game_id} {known}" if known else place.game_id + place.player_id
