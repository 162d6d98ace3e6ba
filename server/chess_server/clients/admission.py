"""Admission: which upgrade requests are accepted, and how all others are answered."""

import itertools
from dataclasses import dataclass

import msgspec

from chess_server.clients.client import GameClient, LobbyClient, Services
from chess_server.clients.rate_limit import Rate
from chess_server.pod.drain import PodDrain
from chess_server.transport.link import Handler, Refused, UpgradeRequest
from chess_server.wire.paths import LobbyPlace, PathError, PlayPlace, parse

RETRY_SECONDS = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """How many connections this server holds, and how many messages each may send."""

    max_connections: int
    play_rate: Rate
    watch_rate: Rate
    lobby_rate: Rate


class Admission:
    """Decides on upgrade requests. Its only state is the number of the next client."""

    def __init__(self, capacity: Capacity, services: Services, drain: PodDrain) -> None:
        self._capacity = capacity
        self._services = services
        self._drain = drain
        self._numbers = itertools.count(1)

    def admit(self, request: UpgradeRequest) -> Handler | Refused:
        """Decide on an upgrade request: a client, or the HTTP answer that refuses it."""
        try:
            place = parse(request.target)
        except PathError as error:
            return self._refused(error.status, error.code, str(error))
        if self._drain.draining:
            return self._refused(503, "draining", "this server drains; try again, another one answers")
        if len(self._services.clients) >= self._capacity.max_connections:
            limit = self._capacity.max_connections
            return self._refused(503, "full", f"this server holds {limit} connections already; try again")
        number = next(self._numbers)
        if isinstance(place, LobbyPlace):
            return LobbyClient(place, self._capacity.lobby_rate, self._services, number)
        rate = self._capacity.play_rate if isinstance(place, PlayPlace) else self._capacity.watch_rate
        return GameClient(place, rate, self._services, number)

    def _refused(self, status: int, code: str, message: str) -> Refused:
        self._services.metrics.refused.labels(code).inc()
        body = msgspec.json.encode({"error": {"code": code, "message": message}}) + b"\n"
        headers = {"Retry-After": RETRY_SECONDS} if status == 503 else {}  # noqa: PLR2004 - Service Unavailable
        return Refused(status=status, body=body, headers=headers)
