"""A histogram of a whole run answers as the sorted list of all its durations would, within a 64th."""

from hypothesis import given
from hypothesis import strategies as st

from chess_bench.bots.durations import Durations
from chess_bench.bots.ledger import percentile

SECONDS = st.floats(min_value=0.0, max_value=1000.0, allow_nan=False)


def durations(seconds: list[float]) -> Durations:
    made = Durations()
    for one in seconds:
        made.add(one)
    return made


@given(st.lists(SECONDS, min_size=1, max_size=300), st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_at_most_a_64th_too_long(seconds: list[float], share: float) -> None:
    exact, found = percentile(seconds, share), durations(seconds).percentile(share)
    assert exact is not None
    assert found is not None
    assert exact - 1e-6 <= found <= exact * (1 + 1 / 64) + 1e-6


@given(st.lists(SECONDS, max_size=50), st.lists(SECONDS, max_size=50))
def test_phases_together_are_the_whole(one: list[float], another: list[float]) -> None:
    joined = Durations.joined([durations(one), durations(another)])
    assert joined.spread() == durations(one + another).spread()


def test_without_durations_nothing_is_known() -> None:
    spread = Durations().spread()
    assert (spread.count, spread.p50_seconds, spread.p99_seconds, spread.longest_seconds) == (
        0,
        None,
        None,
        None,
    )


def test_the_slow_beginning_of_a_long_run_counts() -> None:
    spread = durations([3.0] * 600 + [0.01] * 29_400).spread()
    assert spread.count == 30_000
    assert spread.p99_seconds is not None
    assert spread.p99_seconds >= 3.0


def test_the_memory_of_a_run_does_not_grow_with_it() -> None:
    assert len(durations([number / 10_000 for number in range(100_000)]).counts) < 1000
