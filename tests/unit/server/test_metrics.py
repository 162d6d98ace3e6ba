"""What a client may not do to the metrics, and what Prometheus reads of durations."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from chess_server.metrics import (
    CLOSE_CODES,
    SECONDS,
    Count,
    CountCollector,
    Durations,
    DurationsCollector,
    Metrics,
)

SOME = (0.0, 0.001, 0.00101, 0.3, 10.0, 10.1, 0.3)


def test_close_codes_are_a_bounded_set_of_labels() -> None:
    metrics = Metrics()
    for code in range(1000, 5000):
        metrics.disconnected("client", code, abnormally=False)
    page = metrics.page().decode().splitlines()
    labels = [line for line in page if line.startswith("chess_server_closed_total{")]
    assert len(labels) == len(CLOSE_CODES) + 1
    assert any('code="other"' in line for line in labels)


@pytest.mark.parametrize("label", ["", "store"], ids=["alone", "by a label"])
def test_durations_are_counted_as_prometheus_own_histogram_does(label: str) -> None:
    expected, registry = CollectorRegistry(), CollectorRegistry()
    histogram = Histogram("waits", "Waits", [label] if label else [], buckets=SECONDS, registry=expected)
    counted = histogram.labels("redis") if label else histogram
    durations = Durations()
    registry.register(DurationsCollector("waits", "Waits", label, {"redis" if label else "": durations}))
    for seconds in SOME:
        counted.observe(seconds)
        durations.observe(seconds)
    assert _page(registry) == _page(expected)


def test_counts_are_counted_as_prometheus_own_counter_does() -> None:
    expected, registry = CollectorRegistry(), CollectorRegistry()
    counter, count = Counter("moves", "Moves", registry=expected), Count()
    registry.register(CountCollector("moves", "Moves", count))
    for by in (1.0, 1.0, 0.25):
        counter.inc(by)
        count.inc(by)
    assert _page(registry) == _page(expected)


def _page(registry: CollectorRegistry) -> list[str]:
    """All but when each was made, which nobody asks for."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]
