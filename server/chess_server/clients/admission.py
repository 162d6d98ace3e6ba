"""Admission: which upgrade requests are accepted, and how all others are answered, before any store is asked.

In this order: the path and its token, a drain, the page's origin, what one address may do, games known not to exist,
the load, the seats. Players of a running game are refused neither for the load nor for a full server while anybody
else is here. One who has a token, whose game this server knows, or who has been in it here, does not wait either for
what others do, at the same address or on paths like a player's.
"""

import asyncio
import itertools
import math
from dataclasses import dataclass
from time import monotonic

import msgspec

from chess_server.clients import origins
from chess_server.clients.address import Trust, client_address
from chess_server.clients.client import Services, Visit
from chess_server.clients.game_client import GameClient
from chess_server.clients.lobby_client import LobbyClient
from chess_server.clients.lookups import seat_of
from chess_server.clients.rate_limit import Buckets, Rate, TokenBucket
from chess_server.clients.shedding import Shedding
from chess_server.pod.drain import PodDrain
from chess_server.supervisor import Progress
from chess_server.transport.link import Handler, Refused, UpgradeRequest
from chess_server.wire import tokens
from chess_server.wire.paths import LobbyPlace, PathError, Place, PlayPlace, WatchPlace, parse, proved

RETRY_SECONDS = 1.0
SHED_SECONDS = 3.0
TICK_SECONDS = 0.1
RETURN_RATE = Rate(10, 20.0)
"""How often a player of a running game may connect whose address connects too often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionLimits:
    """Whom this server takes, how many at a time, and how many messages each may send."""

    trust: Trust
    allowed_origins: frozenset[str]
    join_rate: Rate
    address_join_rate: Rate
    shed_lag_seconds: float
    play_rate: Rate
    watch_rate: Rate
    lobby_rate: Rate


class NotAdmittedError(Exception):
    """A request is refused. `retry_seconds` is when it may be sent again, if it may."""

    def __init__(self, status: int, code: str, message: str, retry_seconds: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_seconds = retry_seconds


class Admission:
    """Decides on upgrade requests."""

    def __init__(self, limits: AdmissionLimits, services: Services, drain: PodDrain) -> None:
        self._limits = limits
        self._services = services
        self._drain = drain
        self._numbers = itertools.count(1)
        self._addresses = Buckets(limits.address_join_rate)
        self._returns = Buckets(RETURN_RATE)
        now = monotonic()
        self._players = TokenBucket(limits.join_rate, now)
        self._others = TokenBucket(limits.join_rate, now)
        self._signed = TokenBucket(limits.join_rate, now)
        self._shedding = Shedding(limits.shed_lag_seconds)

    def admit(self, request: UpgradeRequest) -> Handler | Refused:
        """Decide on an upgrade request: a client, or the HTTP answer that refuses it."""
        try:
            return self._client(request, monotonic())
        except PathError as error:
            return self._refused(NotAdmittedError(error.status, error.code, str(error)))
        except NotAdmittedError as rejected:
            return self._refused(rejected)

    async def run(self, progress: Progress) -> None:
        """Measure the event loop's lag, and close lobby sockets that say nothing, until cancelled."""
        while True:
            due = monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            now = max(monotonic(), due)
            self._services.metrics.loop_lag.observe(now - due)
            self._shedding = self._shedding.measured(now - due)
            self._services.metrics.shedding.set(self._shedding.active)
            self._services.seats.close_silent(now)
            progress()

    def _client(self, request: UpgradeRequest, now: float) -> Handler:
        place = proved(parse(request.target), request.header(tokens.HEADER), self._services.tokens())
        if self._drain.draining:
            raise NotAdmittedError(
                503, "draining", "this server drains; try again, another one answers", RETRY_SECONDS
            )
        if not origins.is_allowed(
            request.header("Origin"), request.header("Host"), self._limits.allowed_origins
        ):
            raise NotAdmittedError(403, "bad_origin", "pages of this origin may not connect")
        address = client_address(request, self._limits.trust)
        seat, sure = self._seat(place), self._is_proved(place, now)
        known = sure or self._is_signed(place, now)
        self._check_address(address, seat if known else "", now)
        if not isinstance(place, LobbyPlace):
            self._check_game(place, address, now, known=known)
        if not sure:
            self._check_load(place, now, signed=known)
        self._check_room(place, address, seat, now, proved=known)
        return self._seated(place, Visit(number=next(self._numbers), address=address, seat=seat, known=known))

    def _seat(self, place: Place) -> str:
        """Return whose seat it is: the same by token and by path, if this server knows the game."""
        game = self._services.rooms.game(place.game_id) if isinstance(place, PlayPlace) else None
        color = place.color_in(game) if isinstance(place, PlayPlace) and game is not None else None
        return seat_of(place, color)

    def _is_proved(self, place: Place, now: float) -> bool:
        """Whether this server knows by itself that it is a player whose game is not known to be over."""
        if not isinstance(place, PlayPlace):
            return False
        game = self._services.rooms.game(place.game_id)
        if game is None:
            return self._services.lookups.has_played(place, now)
        return not game.over and place.color_in(game) is not None

    def _check_address(self, address: str, seat: str, now: float) -> None:
        """Refuse an address what it has too much of; a player of a running game pays for his own haste alone."""
        seats = self._services.seats
        crowded = seats.is_crowded(address)
        if crowded and not seat:
            raise self._too_many_sockets
        if not self._addresses.take(address, now) and not (seat and self._returns.take(seat, now)):
            wait = self._addresses.wait(address, now)
            raise NotAdmittedError(429, "too_many_joins", "this address connects too often; try again", wait)
        if crowded and not seats.make_room_at(address, seat):
            raise self._too_many_sockets

    @property
    def _too_many_sockets(self) -> NotAdmittedError:
        return NotAdmittedError(429, "too_many_sockets", "this address holds too many sockets", SHED_SECONDS)

    def _check_game(self, place: PlayPlace | WatchPlace, address: str, now: float, *, known: bool) -> None:
        """Refuse what is known not to exist, and who asked for too much of that."""
        lookups, game = self._services.lookups, self._services.rooms.game(place.game_id)
        if game is None:
            absent = lookups.is_absent(place, now)
        else:
            absent = isinstance(place, PlayPlace) and place.color_in(game) is None
        if absent:
            raise NotAdmittedError(404, "no_such_game", f"no game {place.game_id}, or not this player's")
        if game is not None or known:
            return
        wait = lookups.wait_seconds(place, address, now)
        if wait:
            raise NotAdmittedError(
                429, "too_many_misses", "this address asked for too many games that are none", wait
            )

    def _is_signed(self, place: Place, now: float) -> bool:
        """Whether a token proves a player, of a game that nobody here has seen to be over."""
        if not isinstance(place, PlayPlace) or place.color is None:
            return False
        game = self._services.rooms.game(place.game_id)
        return not (self._services.lookups.has_ended(place.game_id, now) if game is None else game.over)

    def _check_load(self, place: Place, now: float, *, signed: bool) -> None:
        player = isinstance(place, PlayPlace)
        if self._shedding.active and not player:
            raise NotAdmittedError(
                503, "overloaded", "this server has too much to do; try again", SHED_SECONDS
            )
        players = self._signed if signed else self._players
        bucket = players if player else self._others
        if not bucket.take(now):
            raise NotAdmittedError(503, "overloaded", "too many connect at once; try again", bucket.wait(now))

    def _check_room(self, place: Place, address: str, seat: str, now: float, *, proved: bool) -> None:
        seats = self._services.seats
        if seats.has_room(player=isinstance(place, PlayPlace), proved=proved, seat=seat):
            return
        seats.refused(address, place.sri, now)
        message = f"this server holds {seats.limit} connections already; try again"
        raise NotAdmittedError(503, "full", message, RETRY_SECONDS)

    def _seated(self, place: Place, visit: Visit) -> Handler:
        if isinstance(place, LobbyPlace):
            return LobbyClient(place, self._limits.lobby_rate, self._services, visit)
        rate = self._limits.play_rate if isinstance(place, PlayPlace) else self._limits.watch_rate
        return GameClient(place, rate, self._services, visit)

    def _refused(self, rejected: NotAdmittedError) -> Refused:
        self._services.metrics.refused.labels(rejected.code).inc()
        body = msgspec.json.encode({"error": {"code": rejected.code, "message": str(rejected)}}) + b"\n"
        retry = rejected.retry_seconds
        headers = {} if retry is None else {"Retry-After": str(max(math.ceil(retry), 1))}
        return Refused(status=rejected.status, body=body, headers=headers)
