"""What a client may not do to the metrics."""

from chess_server.metrics import CLOSE_CODES, Metrics


def test_close_codes_are_a_bounded_set_of_labels() -> None:
    metrics = Metrics()
    for code in range(1000, 5000):
        metrics.disconnected("client", code, abnormally=False)
    page = metrics.page().decode().splitlines()
    labels = [line for line in page if line.startswith("chess_server_closed_total{")]
    assert len(labels) == len(CLOSE_CODES) + 1
    assert any('code="other"' in line for line in labels)
