"""What a bot does in a game, message by message: what a good client would do."""

import pytest
from bot_table import DRAW, MATE, Table

from chess_bench.bots.effects import Close, Open


def test_it_waits_in_the_pool_and_follows_the_redirect() -> None:
    table = Table()
    (door,) = table.take()
    assert door == Open(1, "/lobby/socket?sri=bot-test-00001-001")
    table.opens(1)
    assert table.sent()[0] == {"t": "poolIn", "d": {"id": "10+5", "key": "the-key-of-bot-test-00001-001"}}
    table.receives(
        1, "redirect", {"id": "gamegamesecretsecret", "url": "/play/gamegamesecretsecret", "color": "white"}
    )
    assert table.take() == [Close(1), Open(2, "/play/gamegamesecretsecret?sri=bot-test-00001-001")]


def test_it_moves_when_it_is_its_turn_and_only_then() -> None:
    table = Table()
    table.sits_down("black")
    table.passes(5)
    assert [m for m in table.sent() if m] == []
    table.move(2, 1, 1, "e2e4")
    table.passes(2)
    assert table.sent() == [{"t": "move", "d": {"u": "e7e5", "a": 1}}]


def test_it_sends_the_same_again_until_it_is_answered() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    first = table.sent()
    table.passes(2.5)
    assert table.sent() == first == [{"t": "move", "d": {"u": "e2e4", "a": 1}}]
    table.receives(2, "ack", 1)
    table.move(2, 1, 1, "e2e4")
    table.passes(6)
    assert table.sent() == []
    assert table.ledger.tally["moves"] == 1


@pytest.mark.parametrize("code", ["unavailable", "overloaded", "conflict"])
def test_a_passing_refusal_is_answered_by_the_same_again(code: str) -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    first = table.sent()
    table.receives(2, "nack", {"a": 1, "code": code, "message": "later"})
    table.passes(2)
    assert table.sent() == first
    assert table.faults() == []


def test_any_other_refusal_is_a_fault() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    table.receives(2, "nack", {"a": 1, "code": "illegal_move", "message": "no"})
    assert table.faults() == ["refused"]


def test_the_loser_resigns_and_both_go_back_to_the_lobby() -> None:
    table = Table()
    table.sits_down("black", "e2e4 e7e5 g1f3 b8c6", 4)
    table.passes(2)
    assert table.sent() == [{"t": "resign", "d": {"a": 1}}]
    table.receives(2, "endData", {"status": "resign", "winner": "white", "pgnResult": "1-0"}, v=5)
    assert table.take() == [Close(2)]
    table.passes(2)
    assert table.take() == [Open(3, "/lobby/socket?sri=bot-test-00001-002")]
    assert [game.result for game in table.ledger.finished.values()] == ["1-0"]
    assert table.faults() == []


def test_a_draw_is_offered_by_both() -> None:
    table = Table(DRAW)
    table.sits_down("white", "e2e4 e7e5", 2)
    table.passes(2)
    assert table.sent() == [{"t": "draw-yes", "d": {"a": 1}}]
    table.receives(2, "nack", {"a": 1, "code": "game_over", "message": "the other's came first"})
    assert table.faults() == []


def test_mate_is_the_servers_to_call() -> None:
    table = Table(MATE)
    table.sits_down("white", "f2f3 e7e5 g2g4 d8h4", 4)
    table.passes(6)
    assert table.sent() == []


@pytest.mark.parametrize(
    "end, kind",
    [
        pytest.param({"status": "outoftime", "winner": "white", "pgnResult": "1-0"}, "wrong end", id="flag"),
        pytest.param(
            {"status": "resign", "winner": "black", "pgnResult": "0-1"}, "wrong end", id="other-result"
        ),
    ],
)
def test_an_end_that_is_not_the_pgns_is_a_fault(end: dict[str, str], kind: str) -> None:
    table = Table()
    table.sits_down("white", "e2e4 e7e5 g1f3 b8c6", 4)
    table.receives(2, "endData", end, v=5)
    assert table.faults() == [kind]


def test_an_early_end_is_a_fault() -> None:
    table = Table()
    table.sits_down("white", "e2e4", 1)
    table.receives(2, "endData", {"status": "resign", "winner": "white", "pgnResult": "1-0"}, v=2)
    assert table.faults() == ["ended early"]
