"""The composition root of `chess-server serve`: makes every part of the server, and connects what knows each other."""

import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, time

import structlog

from chess_presence.records import Heartbeat
from chess_presence.registry import Registry
from chess_server.clients.address import Trust
from chess_server.clients.admission import Admission, AdmissionLimits
from chess_server.clients.client import Client, Services
from chess_server.clients.gate import Gate
from chess_server.clients.gathering import Gathering
from chess_server.clients.lookups import Lookups
from chess_server.clients.rate_limit import Buckets
from chess_server.clients.seats import SeatLimits, Seats
from chess_server.lobby.pairing import Pairing
from chess_server.lobby.pools import Lobby
from chess_server.metrics import Metrics
from chess_server.play.room import Timeouts
from chess_server.play.rooms import Rooms
from chess_server.pod.admin import Answer
from chess_server.pod.drain import PodDrain
from chess_server.pod.heartbeat import STATE_VERSIONS, WIRE_VERSIONS, HeartbeatLoop
from chess_server.pod.token_keys import KeyFile
from chess_server.settings import Settings
from chess_server.store.connections import Connections
from chess_server.store.health import Health, RedisTime
from chess_server.store.postgres.committer import Committer
from chess_server.store.postgres.database import Database
from chess_server.store.postgres.sessions import Sessions, database_url
from chess_server.store.rearm import Rearm
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.calls import Calls
from chess_server.store.redis.endpoint import RedisEndpoint
from chess_server.store.redis.games import Games
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.nodes import Nodes
from chess_server.store.redis.pools import Pools
from chess_server.store.redis.timers import Timers
from chess_server.store.stores import Stores
from chess_server.store.url_file import UrlFile
from chess_server.transport.link import Limits, Transport
from chess_server.wire.tokens import PROTOCOL, Tokens

log = structlog.get_logger(__name__)

KEY_BYTES = 32
LOOKUPS = {"play": 64, "watch": 16}
LOOKUPS_OF_ADDRESS = 4
"""How many unknown players and spectators may look for a game in the stores at a time, and how many of one address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """One pod's server, before it is started."""

    connections: Connections
    stores: Stores
    rearm: Rearm
    rooms: Rooms
    tokens: Callable[[], Tokens]
    lobby: Lobby
    clients: set[Client]
    seats: Seats
    drain: PodDrain
    heartbeat: HeartbeatLoop
    admission: Admission
    transport: Transport
    metrics: Metrics

    def metrics_page(self) -> Answer:
        """Answer `/metrics`; what others count is copied now."""
        self.tokens()  # looks at the keys, though nobody connects
        self.metrics.games.set(self.rooms.playing)
        self.metrics.demand.set(self.seats.demand)
        for kind in ("lobby", "play", "watch"):
            count = sum(client.kind == kind for client in self.clients)
            self.metrics.connections.labels(kind).set(count)
        for store, failures in self.stores.health.failures.items():
            self.metrics.store_errors.labels(store).set(failures)
        return Answer("200 OK", self.metrics.page(), "text/plain; version=0.0.4; charset=utf-8")


def compose(settings: Settings) -> Parts:
    """Make all parts. Nothing is connected yet, and nothing listens."""
    keys = Keys(settings.cluster_uid)
    connections, stores = _stores(settings, keys)
    metrics = Metrics()
    stores.health.on_call = metrics.called
    stores.committer.on_taken = metrics.queue.observe
    timeouts = Timeouts(
        no_start_ms=round(settings.no_start_seconds * 1000),
        abandon_ms=None if settings.abandon_seconds is None else round(settings.abandon_seconds * 1000),
    )
    rooms = Rooms(stores, connections.bus, keys, timeouts)
    pools = Pools(connections.calls, keys, stores.health, settings.pod_uid)
    tokens = _tokens(settings, metrics)
    pairing = Pairing(pools, stores, metrics, timeouts.no_start_ms, tokens)
    lobby = Lobby(pools, pairing, connections.bus, keys.lobby_channel(settings.pod_uid))
    clients, seats = set[Client](), _seats(settings)
    drain = PodDrain(lambda: clients, settings.reconnect_window_seconds)
    heartbeat = HeartbeatLoop(
        Registry(connections.redis, settings.cluster_uid),
        drain,
        stores.clock,
        _reporter(settings, clients, seats, rooms, drain, metrics),
    )
    services = Services(
        rooms=rooms,
        tokens=tokens,
        lobby=lobby,
        metrics=metrics,
        clock=stores.clock,
        clients=clients,
        seats=seats,
        lookups=Lookups(),
        gathering=Gathering(),
        gates={kind: Gate(most, LOOKUPS_OF_ADDRESS) for kind, most in LOOKUPS.items()},
        entries=Buckets(settings.address_join_rate),
        changed=heartbeat.wake,
        pod_uid=settings.pod_uid,
    )
    admission = Admission(_admission_limits(settings), services, drain)
    return Parts(
        connections=connections,
        stores=stores,
        rearm=Rearm(stores, settings.pod_uid),
        rooms=rooms,
        tokens=tokens,
        lobby=lobby,
        clients=clients,
        seats=seats,
        drain=drain,
        heartbeat=heartbeat,
        admission=admission,
        transport=_transport(settings, admission),
        metrics=metrics,
    )


def _tokens(settings: Settings, metrics: Metrics) -> Callable[[], Tokens]:
    """Return what signs and checks players' tokens.

    A server that only its own machine reaches draws a key that it forgets: what it signed, it alone takes. Elsewhere a
    server without keys gives no tokens, and its players use the path of the version before.
    """
    if settings.token_keys_file is not None:
        broken = metrics.token_keys_broken
        return KeyFile(settings.token_keys_file, settings.cluster_uid, lambda usable: broken.set(not usable))
    keys = [secrets.token_bytes(KEY_BYTES)] if _on_one_machine(settings.listen) else []
    if not keys:
        log.warning("CHESS_TOKEN_KEYS_FILE is not set: players get no tokens")
    unchanging = Tokens(keys, settings.cluster_uid)
    return lambda: unchanging


def _on_one_machine(listen: str) -> bool:
    return listen == "localhost" or ipaddress.ip_address(listen).is_loopback


def _stores(settings: Settings, keys: Keys) -> tuple[Connections, Stores]:
    endpoint = RedisEndpoint(settings.redis_url, settings.redis_ca, settings.redis_url.path)
    redis = endpoint.client()
    calls = Calls(endpoint.topology(redis), endpoint.open)
    clock = RedisTime()
    health = Health(Nodes(calls), clock)
    url = UrlFile(settings.database_url.path, str(settings.database_url), database_url)
    sessions = Sessions(url, settings.database_ca, settings.database_pool)
    database = Database(sessions, health, clock, settings.cluster_uid)
    stores = Stores(
        games=Games(calls, keys, health),
        database=database,
        committer=Committer(database),
        timers=Timers(calls, keys, health),
        health=health,
        clock=clock,
    )
    bus = Bus(calls.topology.of, endpoint.open)
    connections = Connections(endpoint=endpoint, redis=redis, calls=calls, bus=bus, sessions=sessions)
    calls.on_demoted = connections.leave_replica
    return connections, stores


def _seats(settings: Settings) -> Seats:
    return Seats(
        SeatLimits(
            most=settings.max_connections,
            per_address=settings.address_connections,
            first_message_seconds=settings.first_message_seconds,
        )
    )


def _admission_limits(settings: Settings) -> AdmissionLimits:
    return AdmissionLimits(
        trust=Trust(hops=settings.trusted_hops, header=settings.address_header),
        allowed_origins=settings.allowed_origins,
        join_rate=settings.join_rate,
        address_join_rate=settings.address_join_rate,
        shed_lag_seconds=settings.shed_lag_ms / 1000,
        play_rate=settings.play_rate,
        watch_rate=settings.watch_rate,
        lobby_rate=settings.lobby_rate,
    )


def _reporter(
    settings: Settings,
    clients: set[Client],
    seats: Seats,
    rooms: Rooms,
    drain: PodDrain,
    metrics: Metrics,
) -> Callable[[], Heartbeat]:
    """Return what states this pod's record, as of the moment of the call."""
    started_at = round(time() * 1000)

    def report() -> Heartbeat:
        return Heartbeat(
            uid=settings.pod_uid,
            addr=settings.pod_ip,
            revision=settings.revision,
            connections=len(clients),
            demand=seats.demand,
            refused=seats.refused_lately(monotonic()),
            limit=seats.limit,
            wire=WIRE_VERSIONS,
            state=STATE_VERSIONS,
            games=rooms.playing,
            draining=drain.draining,
            accepted=metrics.accepted_total,
            abnormal_closes=metrics.abnormal_total,
            handler_p99_ms=metrics.p99_ms,
            started_at=started_at,
        )

    return report


def _transport(settings: Settings, admission: Admission) -> Transport:
    limits = Limits(
        ping_seconds=settings.ping_seconds, idle_seconds=settings.idle_seconds, subprotocol=PROTOCOL
    )
    if settings.transport == "websockets":
        from chess_server.transport.websockets import WebsocketsTransport

        return WebsocketsTransport(admission.admit, limits)
    from chess_server.transport.picows import PicowsTransport

    return PicowsTransport(admission.admit, limits)
