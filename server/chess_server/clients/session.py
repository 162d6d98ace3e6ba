"""One client's session: messages in, effects out. Uses no socket and no store; the time is an argument."""

from dataclasses import dataclass

from msgspec import Struct

from chess_server.clients.rate_limit import Rate, TokenBucket
from chess_server.game import ids
from chess_server.game.commands import Command
from chess_server.wire import frames, pools
from chess_server.wire.paths import LobbyPlace, Place, WatchPlace
from chess_server.wire.pools import Pool
from chess_server.wire.requests import BadMessageError, Ping, PoolIn, PoolOut, Request, decode


class Send(Struct, frozen=True):
    """Send a frame to this client."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Close this client's socket."""

    code: int
    reason: str


class Submit(Struct, frozen=True):
    """Submit a command to the game."""

    command: Command


@dataclass(frozen=True, slots=True)
class EnterPool:
    """Wait for an opponent. `key`: the client's secret, empty for none."""

    pool: Pool
    key: str = ""


@dataclass(frozen=True, slots=True)
class LeavePool:
    """Stop waiting."""

    key: str = ""


Effect = Send | Close | Submit | EnterPool | LeavePool

RATE_POLICY = 1008
KEY_ALLOWED = "16 to 64 of A-Za-z0-9_-"


class Session:
    """Checks each message of a client against its place and its rate."""

    __slots__ = ("_bucket", "_place", "_rate")

    def __init__(self, place: Place, rate: Rate, now: float) -> None:
        self._place = place
        self._rate = rate
        self._bucket = TokenBucket(rate, now)

    def receive(self, message: bytes, now: float) -> list[Effect]:
        """Return what a text frame causes. `now` is monotonic seconds."""
        if not self._bucket.take(now):
            return [self._over_rate]
        try:
            request = decode(message)
        except BadMessageError as error:
            return [Send(frames.error("bad_message", str(error)))]
        if isinstance(request, Ping):
            return [Send(frames.PONG)]
        return [self._in_lobby(request) if isinstance(self._place, LobbyPlace) else self._at_game(request)]

    def control(self, now: float) -> list[Effect]:
        """Return what a ping, a pong or a fragment causes: it counts like a message."""
        return [] if self._bucket.take(now) else [self._over_rate]

    @property
    def _over_rate(self) -> Close:
        return Close(RATE_POLICY, f"rate limit: {self._rate}")

    def _in_lobby(self, request: Request) -> Effect:
        if not isinstance(request, PoolIn | PoolOut):
            return Send(frames.error("not_here", "not possible in the lobby; allowed: p, poolIn, poolOut"))
        key = "" if request.d is None else request.d.key
        if key and not ids.KEY.fullmatch(key):
            return Send(
                frames.error("bad_message", f"d.key has {len(key)} characters; allowed: {KEY_ALLOWED}")
            )
        if isinstance(request, PoolOut):
            return LeavePool(key)
        try:
            return EnterPool(pools.parse(request.d.id), key)
        except ValueError as error:
            return Send(frames.error("bad_pool", str(error)))

    def _at_game(self, request: Request) -> Effect:
        if not isinstance(request, Command):
            return Send(
                frames.error("not_here", "not possible at a game; send poolIn and poolOut to /lobby/socket")
            )
        if isinstance(self._place, WatchPlace):
            return Send(frames.rejected(request.a, "read_only", "not possible for a spectator; allowed: p"))
        return Submit(request)
