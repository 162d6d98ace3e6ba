"""What the players of a demo do, as far as it is decided without any."""

import pytest

from chess_bench.bots import games
from chess_bench.demo.scenario import shares, too_long

BUNDLED = games.load(games.BUNDLED).games


@pytest.mark.parametrize("players", [8, 9, 50, 137, 400, 2000])
def test_all_players_come_in_four_waves(players: int) -> None:
    waves = shares(players)
    assert (len(waves), sum(waves)) == (4, players)
    assert min(waves) > 0


@pytest.mark.parametrize(
    "think_seconds, numbers",
    [
        pytest.param(0.7, [], id="as-usual"),
        pytest.param(2.0, [4], id="slow"),
        pytest.param(10.0, [1, 2, 3, 4, 5, 6, 8], id="the-slowest"),
    ],
)
def test_a_game_that_outlasts_the_run_is_left_out(think_seconds: float, numbers: list[int]) -> None:
    assert [one.number for one in too_long(BUNDLED, think_seconds)] == numbers


def test_the_reason_has_the_numbers() -> None:
    (one,) = too_long(BUNDLED, 2.0)
    assert str(one) == "game 4 is left out: its 111 plies take 222 s at 2.0 s each; at most 200 s are allowed"
