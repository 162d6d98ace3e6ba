"""The history of recommendations and events: small, exact enough, and readable by the next process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_operator.decide.scaling.history import (
    decode,
    encode,
    next_change,
    ordered,
    recommend,
    resolution,
    settle,
    span,
)
from chess_operator.decide.values import History

WINDOW = 300_000
STEP = resolution(WINDOW)
BOUND = 16_384
asked = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 20)), min_size=1, max_size=60)


def remembered(asked: list[tuple[int, int]]) -> tuple[History, list[tuple[int, int]], int]:
    past, now, given_at = History(), 1_000_000, []
    for wait, want in asked:
        now += wait
        past = recommend(past, want, WINDOW, now)
        given_at.append((now, want))
    return past, given_at, now


@given(asked, st.integers(0, 400_000))
def test_the_window_sees_every_recommendation_that_held_in_it(
    asked: list[tuple[int, int]], later: int
) -> None:
    past, given_at, now = remembered(asked)
    now += later
    ends = [*(at for at, _ in given_at[1:]), now]
    held = [want for (_, want), end in zip(given_at, ends, strict=True) if end > now - WINDOW] + [
        given_at[-1][1]
    ]
    low, high = span(past, WINDOW, now, STEP)
    assert low <= min(held)
    assert high >= max(held)


@given(asked, st.integers(0, 400_000))
def test_the_window_forgets_within_one_step(asked: list[tuple[int, int]], later: int) -> None:
    past, given_at, now = remembered(asked)
    now += later
    ends = [*(at for at, _ in given_at[1:]), now]
    held = [want for (_, want), end in zip(given_at, ends, strict=True) if end > now - WINDOW - STEP] + [
        given_at[-1][1]
    ]
    low, high = span(past, WINDOW, now, STEP)
    assert min(held) <= low
    assert high <= max(held)


@given(asked)
def test_the_next_change_is_never_late(asked: list[tuple[int, int]]) -> None:
    past, _, now = remembered(asked)
    seen = span(past, WINDOW, now, STEP)
    wake = next_change(past, WINDOW, now, STEP)
    last = now + WINDOW + STEP if wake is None else wake
    assert last > now
    assert span(past, WINDOW, last - 1, STEP) == seen


def test_a_constant_load_adds_nothing() -> None:
    once = recommend(History(), 3, WINDOW, 1000)
    assert recommend(once, 3, WINDOW, 900_000) == once


def test_a_successor_reads_what_was_written() -> None:
    past, _, now = remembered([(0, 3), (9000, 5), (10, 4), (60_000, 2)])
    past = ordered(past, -2, 60_000, now)
    assert decode(encode(past)) == past


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{}",
        "[]",
        "null",
        "nonsense",
        '{"v":2}',
        '{"v":1,"r":[[1]]}',
        '{"v":1,"r":7,"e":[],"f":0,"i":0,"s":0}',
    ],
)
def test_what_cannot_be_read_counts_as_lost(text: str | None) -> None:
    assert decode(text) == History()


def test_the_memory_stays_within_its_bound() -> None:
    past = History()
    for tick in range(5000):
        past = recommend(past, tick % 7, 3_600_000, 1_700_000_000_000 + tick * 1000)
        past = ordered(past, tick % 7 - 3, 1_800_000, 1_700_000_000_000 + tick * 1000)
    assert len(encode(past)) < BOUND


def test_what_lies_in_the_future_is_brought_to_now() -> None:
    past = ordered(recommend(History(), 9, WINDOW, 500_000), 3, 60_000, 500_000)
    settled = settle(past, 100_000)
    assert span(settled, WINDOW, 100_000, STEP) == (9, 9)
    assert settled.events[0].at_ms == settled.last_scale_ms == 100_000
