"""When a server has too much to do for newcomers."""

from chess_server.clients.shedding import Shedding


def after(shedding: Shedding, *lags: float) -> Shedding:
    for lag in lags:
        shedding = shedding.measured(lag)
    return shedding


def test_lag_that_lasts_sheds_until_it_is_well_below_the_limit() -> None:
    busy = after(Shedding(0.25), *(20 * [0.4]))
    assert busy.active
    assert after(busy, *(20 * [0.2])).active, "between half the limit and the limit nothing changes"
    assert not after(busy, *(20 * [0.05])).active
    assert not after(Shedding(0.25), *(100 * [0.2])).active


def test_a_single_stall_is_no_overload() -> None:
    assert not after(Shedding(0.25), 0.0, 30.0, 0.0).active


def test_a_limit_of_zero_never_sheds() -> None:
    assert not after(Shedding(0.0), *(100 * [5.0])).active
