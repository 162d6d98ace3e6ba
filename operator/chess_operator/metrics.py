"""The metrics that Prometheus reads: of the operator itself, and of each ChessCluster."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from chess_operator.api.resources.names import Key

REACTION_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
CLUSTER = ("namespace", "cluster")


class Metrics:
    """One registry; the composition root makes it."""

    content_type = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.leader = Gauge("chess_operator_leader", "1 while this process leads", registry=registry)
        self.reaction = Histogram(
            "chess_operator_reaction_seconds",
            "From being woken to having applied what follows",
            buckets=REACTION_BUCKETS,
            registry=registry,
        )
        self.decisions = Counter(
            "chess_operator_decisions", "Decisions taken, by reason", ("reason",), registry=registry
        )
        self.errors = Counter("chess_operator_errors", "Failed steps", ("step",), registry=registry)
        self.connections = Gauge("chess_cluster_connections", "Live connections", CLUSTER, registry=registry)
        self.desired = Gauge("chess_cluster_desired_replicas", "Serving replicas", CLUSTER, registry=registry)
        self.ready = Gauge("chess_cluster_ready_replicas", "Ready serving pods", CLUSTER, registry=registry)
        self.draining = Gauge(
            "chess_cluster_draining_replicas", "Pods that drain", CLUSTER, registry=registry
        )

    def forget(self, key: Key) -> None:
        """Drop the series of a ChessCluster that is gone."""
        for gauge in (self.connections, self.desired, self.ready, self.draining):
            if (key.namespace, key.name) in gauge._metrics:  # noqa: SLF001 - no public API answers this
                gauge.remove(key.namespace, key.name)

    def text(self) -> bytes:
        """Render the exposition."""
        return generate_latest(self._registry)
