"""A batch waits for others when many entries come, and not at all when few do."""

import pytest

from chess_server.store.postgres.pace import Pace


@pytest.mark.parametrize(
    "rate, milliseconds",
    [(1, 0.0), (100, 0.0), (300, 0.0), (450, 2.5), (600, 5.0), (10_000, 5.0)],
)
def test_how_long_a_batch_waits(rate: float, milliseconds: float) -> None:
    pace = Pace()
    for number in range(1000):
        pace.came(number / rate)
    assert pace.linger_seconds(999 / rate) * 1000 == pytest.approx(milliseconds, abs=0.01)


def test_the_first_entries_do_not_wait_and_neither_do_those_after_a_pause() -> None:
    pace = Pace()
    for _ in range(63):
        pace.came(5.0)
        assert pace.linger_seconds(5.0) == 0.0
    pace.came(5.0)
    assert pace.linger_seconds(5.001) == 0.005
    assert pace.linger_seconds(9.0) == 0.0
