"""The clock forgives measured lag within a quota, and counts all other time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_server.game.clock import start

times = st.integers(0, 600_000)


@pytest.mark.parametrize(
    "initial, increment, gain",
    [
        pytest.param(600, 5, 1000, id="slow games gain at most a second a move"),
        pytest.param(60, 0, 390, id="bullet"),
        pytest.param(0, 1, 310, id="increment only"),
    ],
)
def test_the_gain_follows_the_estimated_length(initial: int, increment: int, gain: int) -> None:
    clock = start(initial, increment)
    assert clock.gain_ms == gain
    assert clock.white.quota_ms == 3 * gain


def test_a_game_without_initial_time_starts_with_its_increment_at_least_3_s() -> None:
    assert start(0, 1).white.left_ms == 3000
    assert start(0, 30).white.left_ms == 30_000


@pytest.mark.parametrize(
    "elapsed, lag, left",
    [
        pytest.param(1000, 0, 59_000, id="no lag"),
        pytest.param(1000, 200, 59_200, id="lag is forgiven"),
        pytest.param(100, 500, 60_000, id="never more than was spent"),
        pytest.param(5000, 5000, 56_170, id="never more than the quota"),
    ],
)
def test_spending(elapsed: int, lag: int, left: int) -> None:
    clock = start(60, 0)
    assert clock.left_after("white", elapsed, lag) == left
    assert clock.spend("white", elapsed, lag).white.left_ms == left


@given(st.lists(st.tuples(times, st.integers(0, 5000)), max_size=60))
def test_the_quota_stays_within_its_bounds_and_the_other_side_is_untouched(
    spent: list[tuple[int, int]],
) -> None:
    clock = start(180, 2)
    for elapsed, lag in spent:
        after = clock.spend("white", elapsed, lag)
        assert 0 <= after.white.quota_ms <= 7 * clock.gain_ms
        assert after.black == clock.black
        assert after.white.left_ms <= clock.white.left_ms + 2000
        assert after.white.left_ms >= max(clock.white.left_ms - elapsed, 0) + 2000
        clock = after
