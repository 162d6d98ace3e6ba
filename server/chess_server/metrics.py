"""The server's metrics; names begin with `chess_server_`. Made once, by the composition root."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from chess_server.quantile import SlidingQuantile

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the sizes."""
_NAMES = [*map(floatToGoString, SECONDS), "+Inf"]
CLOSE_CODES = frozenset(
    {1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 4001}
)
"""Codes with a label of their own: a client may send any of thousands."""


class Durations:
    """Counts of durations in seconds, as plain numbers: several a move, and prometheus-client takes a lock for each."""

    __slots__ = ("_counts", "_sum")

    def __init__(self) -> None:
        self._counts = [0] * len(_NAMES)
        self._sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self._counts[bisect_left(SECONDS, seconds)] += 1
        self._sum += seconds

    def add_to(self, family: HistogramMetricFamily, labels: tuple[str, ...]) -> None:
        """Add what was counted to a metric."""
        buckets, total = [], 0
        for name, count in zip(_NAMES, self._counts, strict=True):
            total += count
            buckets.append((name, total))
        family.add_metric(labels, buckets, self._sum)


class Count:
    """A count as a plain number, for what is counted at each move."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0

    def inc(self, by: float = 1.0) -> None:
        """Count."""
        self.value += by


class CountCollector(Collector):
    """A metric of a count."""

    def __init__(self, name: str, what: str, count: Count) -> None:
        self._name, self._what, self._count = name, what, count

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Make the metric as of now."""
        yield CounterMetricFamily(self._name, self._what, self._count.value)


class DurationsCollector(Collector):
    """A metric of durations: by the values of one label, or without one by the empty text."""

    def __init__(self, name: str, what: str, label: str, durations: Mapping[str, Durations]) -> None:
        self._name, self._what, self._label = name, what, label
        self._durations = durations

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Make the metric as of now."""
        family = HistogramMetricFamily(self._name, self._what, labels=[self._label] if self._label else [])
        for value, durations in self._durations.items():
            durations.add_to(family, (value,) if self._label else ())
        yield family


class Metrics:
    """All metrics, and the sliding minute behind `handlerP99Ms`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.connections = self._gauge("chess_server_connections", "Open player sockets", "place")
        self.demand = self._gauge("chess_server_demand", "Sockets that count for scaling")
        self.games = self._gauge("chess_server_games", "Games with a player's socket here")
        self.accepted = self._counter("chess_server_accepted", "Accepted upgrades", "place")
        self.refused = self._counter("chess_server_refused", "Refused upgrades", "code")
        self.closed = self._counter("chess_server_closed", "Closed sockets", "cause", "code")
        self.abnormal = self._counter(
            "chess_server_abnormal_closes", "Sockets closed neither by the client nor after a handover"
        )
        self.messages = self._count("chess_server_messages", "Messages received")
        self.acks = self._seconds(
            "chess_server_move_ack_seconds", "From a move's arrival to its acknowledgement"
        )
        self.rejections = self._counter("chess_server_refusals", "Commands refused", "code")
        self.pairings = self._counter("chess_server_pairings", "Games made by matchmaking")
        self.draining = self._gauge("chess_server_draining", "1 while draining")
        self.drains = self._counter("chess_server_drains", "Drains begun", "order")
        self.store_errors = self._gauge(
            "chess_server_store_errors", "Failed calls to a store, total", "store"
        )
        self.store_calls = {store: Durations() for store in ("redis", "postgresql")}
        self._collect(
            "chess_server_store_call_seconds",
            "Calls to a store that were answered",
            self.store_calls,
            label="store",
        )
        self.queue = self._seconds(
            "chess_server_queue_seconds",
            "How long moves and ends wait until a batch takes them to PostgreSQL",
        )
        self.loop_lag = self._seconds("chess_server_loop_lag_seconds", "How late the event loop ran a timer")
        self.shedding = self._gauge(
            "chess_server_shedding", "1 while newcomers and spectators are refused for the load"
        )
        self.loop_restarts = self._gauge(
            "chess_server_loop_restarts", "Background loops begun again, total", "loop"
        )
        self.token_keys_broken = self._gauge(
            "chess_server_token_keys_broken",
            "1 while the file of token keys cannot be used, and the keys before are",
        )
        self.lag_forgiven = self._count("chess_server_lag_forgiven_seconds", "Thinking time forgiven as lag")
        self.accepted_total = 0
        self.abnormal_total = 0
        self._handled = SlidingQuantile()

    def connected(self, place: str) -> None:
        """Count an accepted upgrade."""
        self.accepted.labels(place).inc()
        self.accepted_total += 1

    def disconnected(self, cause: str, code: int, *, abnormally: bool) -> None:
        """Count a closed socket."""
        self.closed.labels(cause, str(code) if code in CLOSE_CODES else "other").inc()
        if abnormally:
            self.abnormal.inc()
            self.abnormal_total += 1

    def acknowledged(self, seconds: float) -> None:
        """Record how long a move took until its acknowledgement."""
        self.acks.observe(seconds)
        self._handled.add(seconds, monotonic())

    def called(self, store: str, seconds: float) -> None:
        """Record a call that a store has answered."""
        self.store_calls[store].observe(seconds)

    @property
    def p99_ms(self) -> float:
        """The 99th percentile of the last minute's moves, in milliseconds; 0 without any."""
        return round(self._handled.value(0.99, monotonic()) * 1000, 2)

    def page(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _count(self, name: str, what: str) -> Count:
        count = Count()
        self.registry.register(CountCollector(name, what, count))
        return count

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(name, what, labels, registry=self.registry)

    def _seconds(self, name: str, what: str) -> Durations:
        durations = Durations()
        self._collect(name, what, {"": durations})
        return durations

    def _collect(self, name: str, what: str, durations: Mapping[str, Durations], *, label: str = "") -> None:
        self.registry.register(DurationsCollector(name, what, label, durations))
