"""The server's metrics; names begin with `chess_server_`. Made once, by the composition root."""

from collections import deque

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WINDOW = 512


class Metrics:
    """All metrics, and the rolling window behind `handlerP99Ms`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.connections = Gauge(
            "chess_server_connections", "Open player sockets", ["place"], registry=self.registry
        )
        self.games = Gauge("chess_server_games", "Games with a player's socket here", registry=self.registry)
        self.accepted = Counter(
            "chess_server_accepted", "Accepted upgrades", ["place"], registry=self.registry
        )
        self.refused = Counter("chess_server_refused", "Refused upgrades", ["code"], registry=self.registry)
        self.closed = Counter(
            "chess_server_closed", "Closed sockets", ["cause", "code"], registry=self.registry
        )
        self.abnormal = Counter(
            "chess_server_abnormal_closes",
            "Sockets closed neither by the client nor after a handover",
            registry=self.registry,
        )
        self.messages = Counter("chess_server_messages", "Messages received", registry=self.registry)
        self.acks = Histogram(
            "chess_server_move_ack_seconds",
            "From a move's arrival to its acknowledgement",
            buckets=SECONDS,
            registry=self.registry,
        )
        self.lag_forgiven = Counter(
            "chess_server_lag_forgiven_seconds", "Thinking time forgiven as lag", registry=self.registry
        )
        self.rejections = Counter(
            "chess_server_refusals", "Commands refused", ["code"], registry=self.registry
        )
        self.pairings = Counter("chess_server_pairings", "Games made by matchmaking", registry=self.registry)
        self.draining = Gauge("chess_server_draining", "1 while draining", registry=self.registry)
        self.drains = Counter("chess_server_drains", "Drains begun", ["order"], registry=self.registry)
        self.store_errors = Gauge(
            "chess_server_store_errors", "Failed calls to a store, total", ["store"], registry=self.registry
        )
        self.loop_restarts = Gauge(
            "chess_server_loop_restarts",
            "Background loops begun again, total",
            ["loop"],
            registry=self.registry,
        )
        self.accepted_total = 0
        self.abnormal_total = 0
        self._window: deque[float] = deque(maxlen=WINDOW)

    def connected(self, place: str) -> None:
        """Count an accepted upgrade."""
        self.accepted.labels(place).inc()
        self.accepted_total += 1

    def disconnected(self, cause: str, code: int, *, abnormally: bool) -> None:
        """Count a closed socket."""
        self.closed.labels(cause, str(code)).inc()
        if abnormally:
            self.abnormal.inc()
            self.abnormal_total += 1

    def acknowledged(self, seconds: float) -> None:
        """Record how long a move took until its acknowledgement."""
        self.acks.observe(seconds)
        self._window.append(seconds)

    @property
    def p99_ms(self) -> float:
        """The 99th percentile of the last moves, in milliseconds; 0 before the first."""
        if not self._window:
            return 0.0
        ordered = sorted(self._window)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 2)

    def page(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)
