"""The quantile of the last minute."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_server.quantile import GROWTH, SMALLEST, SlidingQuantile


def test_nothing_is_nothing() -> None:
    assert SlidingQuantile().value(0.99, 0.0) == 0.0


def test_a_bad_minute_is_forgotten_after_it() -> None:
    quantile = SlidingQuantile()
    for _ in range(100):
        quantile.add(2.0, 0.0)
    quantile.add(0.005, 30.0)
    assert quantile.value(0.99, 59.0) == pytest.approx(2.0, rel=0.11)
    assert quantile.value(0.99, 61.0) == pytest.approx(0.005, rel=0.11)
    assert quantile.value(0.99, 95.0) == 0.0


def test_one_slow_move_in_a_thousand_is_not_the_99th() -> None:
    quantile = SlidingQuantile()
    for _ in range(999):
        quantile.add(0.004, 0.0)
    quantile.add(9.0, 0.0)
    assert quantile.value(0.99, 1.0) == pytest.approx(0.004, rel=0.11)
    assert quantile.value(1.0, 1.0) == pytest.approx(9.0, rel=0.11)


@given(st.lists(st.floats(0.0, 50.0), min_size=1, max_size=200), st.floats(0.5, 1.0))
def test_it_is_at_most_a_tenth_above_the_true_one(durations: list[float], part: float) -> None:
    quantile = SlidingQuantile()
    for duration in durations:
        quantile.add(duration, 0.0)
    true = max(sorted(durations)[math.ceil(len(durations) * part) - 1], SMALLEST)
    assert true <= quantile.value(part, 0.0) * (1 + 1e-9) <= true * GROWTH * (1 + 1e-8)
