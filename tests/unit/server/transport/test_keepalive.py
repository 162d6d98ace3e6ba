"""When a socket is pinged, when it is closed, and how its lag is measured."""

from chess_server.transport.keepalive import Due, Keepalive
from chess_server.transport.link import Limits

LIMITS = Limits(ping_seconds=20, idle_seconds=60)


def test_a_socket_is_pinged_at_once_and_then_every_ping_seconds_and_cut_when_nothing_comes() -> None:
    keepalive = Keepalive(0.0)
    assert keepalive.due(0.0, LIMITS) is Due.PING
    keepalive.ping(0.0)
    assert keepalive.due(19.9, LIMITS) is Due.NOTHING
    assert keepalive.due(20.0, LIMITS) is Due.PING
    assert keepalive.due(60.0, LIMITS) is Due.CUT
    keepalive.received(30.0)
    assert keepalive.due(89.9, LIMITS) is not Due.CUT
    assert keepalive.due(90.0, LIMITS) is Due.CUT


def test_lag_is_measured_by_the_server_and_smoothed() -> None:
    keepalive = Keepalive(0.0)
    keepalive.pong(keepalive.ping(1.0), 1.1)
    assert keepalive.lag_ms == 100
    keepalive.pong(keepalive.ping(2.0), 2.2)
    assert keepalive.lag_ms == 130


def test_a_pong_without_a_ping_measures_nothing() -> None:
    keepalive = Keepalive(0.0)
    payload = keepalive.ping(1.0)
    keepalive.pong(b"forged", 3.0)
    assert keepalive.lag_ms == 0
    keepalive.pong(payload, 1.05)
    keepalive.pong(payload, 4.0)
    assert keepalive.lag_ms == 50
