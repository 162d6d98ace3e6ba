"""The clock forgives measured lag within a quota, and counts all other time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chess_server.game.clock import Clock, restored, start

times = st.integers(0, 600_000)


@pytest.mark.parametrize(
    "initial, increment, gain",
    [
        pytest.param(600, 5, 300, id="slow games gain no more than blitz"),
        pytest.param(60, 0, 100, id="bullet: the round trip of a usual connection"),
        pytest.param(180, 0, 300, id="blitz"),
        pytest.param(180, 2, 300, id="blitz with an increment"),
        pytest.param(0, 1, 67, id="increment only"),
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
        pytest.param(5000, 5000, 55_300, id="never more than the quota"),
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


@pytest.mark.parametrize(
    "initial, increment, allowance",
    [
        pytest.param(60, 0, 6000, id="bullet"),
        pytest.param(180, 0, 12_000, id="blitz"),
        pytest.param(180, 2, 12_000, id="blitz with an increment"),
        pytest.param(1800, 20, 12_000, id="classical"),
        pytest.param(0, 1, 4000, id="increment only"),
    ],
)
def test_late_pongs_win_no_more_than_the_games_allowance(
    initial: int, increment: int, allowance: int
) -> None:
    clock = start(initial, increment)
    clock = replace(clock, white=replace(clock.white, left_ms=10**6))
    for _ in range(300):
        clock = clock.spend("white", 1000, 5000)
    assert clock.white.forgiven_ms == allowance
    assert clock.white.left_ms == 10**6 - 300 * (1000 - increment * 1000) + allowance
    assert clock.left_after("white", 1000, 5000) == clock.white.left_ms - 1000


@pytest.mark.parametrize(
    "initial, lag",
    [
        pytest.param(60, 100, id="bullet on the same continent"),
        pytest.param(120, 200, id="two minutes over an ocean"),
        pytest.param(180, 200, id="blitz over an ocean"),
        pytest.param(600, 200, id="rapid over an ocean"),
    ],
)
def test_a_connection_with_usual_lag_is_forgiven_all_of_it(initial: int, lag: int) -> None:
    clock = start(initial, 0)
    for _ in range(60):
        clock = clock.spend("white", 500, lag)
    assert clock.white.left_ms == initial * 1000 - 60 * (500 - lag)


@pytest.mark.parametrize("initial, increment", [(180, 0), (180, 2), (300, 0), (600, 5)])
@pytest.mark.parametrize("late_ms", [300, 1000, 5000])
def test_late_pongs_win_in_blitz_a_fifteenth_of_the_expected_game(
    initial: int, increment: int, late_ms: int
) -> None:
    clock = start(initial, increment)
    assert late_pongs(clock, 200, 3000, late_ms) <= clock.expected_ms / 15


def late_pongs(clock: Clock, moves: int, elapsed_ms: int, late_ms: int) -> int:
    """How much a player who answers pings late has been forgiven after so many moves."""
    for _ in range(moves):
        clock = clock.spend("white", elapsed_ms, late_ms)
    return clock.white.forgiven_ms


@pytest.mark.parametrize("late_ms", [200, 500, 2000, 5000])
def test_late_pongs_win_in_bullet_what_a_usual_connection_is_forgiven(late_ms: int) -> None:
    """26 moves of half a second each: 13 s of play, of which 5.4 s used to be free."""
    start_ms = 3 * start(60, 0).gain_ms
    assert late_pongs(start(60, 0), 26, 500, late_ms) <= start_ms + 25 * 100


@given(st.integers(0, 180), st.integers(0, 20), st.integers(0, 80), st.integers(0, 5000))
def test_a_game_that_is_read_back_gives_no_new_allowance(
    initial: int, increment: int, moves: int, late_ms: int
) -> None:
    clock = start(initial, increment or not initial)
    played = replace(clock, white=replace(clock.white, left_ms=10**7))
    for _ in range(moves):
        played = played.spend("white", 1000, late_ms)
    back = restored(clock, played.white.left_ms, played.black.left_ms, 2 + 2 * moves)
    assert (back.white.left_ms, back.black.left_ms) == (played.white.left_ms, clock.black.left_ms)
    assert late_pongs(back, 99, 1000, 5000) <= clock.allowance_ms
    assert back.forgivable_ms("white") <= played.forgivable_ms("white") or not moves
    assert back.white.forgiven_ms >= played.white.forgiven_ms


@pytest.mark.parametrize(
    "ply, white, black",
    [
        pytest.param(2, (0, 300), (0, 300), id="no clock has run"),
        pytest.param(3, (400, 100), (0, 300), id="White has moved once on a running clock"),
        pytest.param(4, (400, 100), (400, 100), id="both have"),
        pytest.param(201, (6000, 100), (6000, 100), id="all is forgiven in a long game"),
    ],
)
def test_what_counts_as_forgiven_when_a_game_is_read_back(
    ply: int, white: tuple[int, int], black: tuple[int, int]
) -> None:
    back = restored(start(60, 0), 30_000, 31_000, ply)
    assert [(side.forgiven_ms, side.quota_ms) for side in (back.white, back.black)] == [white, black]
    assert (back.white.left_ms, back.black.left_ms) == (30_000, 31_000)
