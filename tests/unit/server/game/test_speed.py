"""How long a player may be away, by the speed of the game."""

import pytest

from chess_server.game.clock import start
from chess_server.game.speed import abandon_ms, speed_of


@pytest.mark.parametrize(
    "initial, increment, speed, seconds",
    [
        pytest.param(60, 0, "bullet", 15, id="1+0"),
        pytest.param(120, 1, "bullet", 15, id="2+1"),
        pytest.param(180, 0, "blitz", 30, id="3+0"),
        pytest.param(300, 3, "blitz", 30, id="5+3"),
        pytest.param(480, 0, "rapid", 60, id="8+0"),
        pytest.param(900, 10, "rapid", 60, id="15+10"),
        pytest.param(1500, 0, "classical", 150, id="25+0"),
        pytest.param(1800, 20, "classical", 150, id="30+20"),
        pytest.param(0, 180, "classical", 150, id="increment only"),
    ],
)
def test_an_absence_may_be_claimed_after(initial: int, increment: int, speed: str, seconds: int) -> None:
    clock = start(initial, increment)
    assert speed_of(clock) == speed
    assert abandon_ms(clock) == seconds * 1000
