"""A bot notices every promise of the protocol that is broken."""

import pytest
from bot_table import Table


@pytest.mark.parametrize(
    "v, ply, uci, kinds",
    [
        pytest.param(2, 2, "e7e5", [], id="next"),
        pytest.param(3, 2, "e7e5", ["gap"], id="version-left-out"),
        pytest.param(1, 1, "e2e4", ["duplicate"], id="version-again"),
        pytest.param(2, 1, "e7e5", ["duplicate"], id="ply-again"),
        pytest.param(2, 3, "e7e5", ["gap"], id="ply-left-out"),
        pytest.param(2, 2, "c7c5", ["wrong move"], id="another-move"),
    ],
)
def test_broken_promises_are_noticed(v: int, ply: int, uci: str, kinds: list[str]) -> None:
    table = Table()
    table.sits_down()
    table.move(2, 1, 1, "e2e4")
    table.move(2, v, ply, uci)
    assert table.faults() == kinds


def test_an_acknowledged_move_that_is_gone_after_a_new_epoch_is_noticed() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    table.receives(2, "ack", 1)
    table.full(2, "", 0, epoch=2)
    assert "lost move" in table.faults()


def test_a_new_epoch_with_everything_in_it_is_fine() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    table.receives(2, "ack", 1)
    table.full(2, "e2e4 e7e5", 7, epoch=2)
    table.move(2, 8, 3, "g1f3")
    assert table.faults() == []
