"""No player pays for time in which a store did not answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_server.game.outages import Outages


@pytest.mark.parametrize(
    "closed, opened, elapsed",
    [
        pytest.param((), (), 100, id="none"),
        pytest.param(((20, 50),), (), 70, id="within"),
        pytest.param(((-50, 20),), (), 80, id="began before"),
        pytest.param(((90, 300),), (), 90, id="ended after"),
        pytest.param(((20, 50), (40, 60)), (), 60, id="both stores at once count once"),
        pytest.param((), (("redis", 30),), 30, id="still under way"),
        pytest.param(((200, 300),), (), 100, id="later"),
    ],
)
def test_elapsed(
    closed: tuple[tuple[int, int], ...], opened: tuple[tuple[str, int], ...], elapsed: int
) -> None:
    assert Outages(closed=closed, open=opened).elapsed(0, 100) == elapsed


def test_a_store_that_fails_again_began_to_fail_the_first_time() -> None:
    outages = Outages().begin("redis", 10).begin("redis", 30).end("redis", 50).end("redis", 90)
    assert outages == Outages(closed=((10, 50),))


def test_old_outages_are_dropped() -> None:
    outages = Outages(closed=((0, 10),)).begin("redis", 10**9).end("redis", 10**9 + 1)
    assert outages.closed == ((10**9, 10**9 + 1),)


spans = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 50)).map(lambda s: (s[0], s[0] + s[1])), max_size=8
)


@given(spans, st.integers(0, 200), st.integers(0, 200))
def test_elapsed_is_the_number_of_instants_that_no_outage_covers(
    found: list[tuple[int, int]], since: int, until: int
) -> None:
    covered = {instant for low, high in found for instant in range(low, high)}
    expected = sum(instant not in covered for instant in range(since, until))
    assert Outages(closed=tuple(sorted(found))).elapsed(since, until) == expected
