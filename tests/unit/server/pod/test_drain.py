"""Over how many seconds a drain asks its clients to reconnect."""

import pytest

from chess_server.pod.drain import spread_seconds


@pytest.mark.parametrize(
    "clients, window, seconds",
    [
        pytest.param(3, 30, 2.5, id="few leave quickly"),
        pytest.param(3, 1, 1, id="never longer than the window"),
        pytest.param(500, 30, 20, id="many in waves"),
        pytest.param(5000, 30, 30, id="the window bounds"),
    ],
)
def test_the_spread_of_a_drain(clients: int, window: float, seconds: float) -> None:
    assert spread_seconds(clients, window) == seconds
