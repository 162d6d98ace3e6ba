"""A bot whose connection is cut, moved or silent goes on where it was."""

from bot_table import Table

from chess_bench.bots.connection import DEAD_AFTER_SECONDS, PING_AFTER_SECONDS
from chess_bench.bots.effects import Abandon, Close, Open, Send


def test_a_cut_player_comes_again_and_resumes_with_what_it_knows() -> None:
    table = Table()
    table.sits_down("black")
    table.move(2, 1, 1, "e2e4")
    table.effects += table.player.closed(2, None, table.now)
    table.passes(2)
    assert table.take() == [Open(3, "/play/gamegamesecretsecret?sri=bot-test-00001-001&v=1&epoch=1")]
    table.opens(3)
    assert table.ledger.resume_seconds == []
    table.receives(3, "batch", [], v=1, epoch=1)
    assert len(table.ledger.resume_seconds) == 1
    assert len(table.ledger.drops) == 1
    assert table.faults() == []


def test_what_was_not_answered_before_the_cut_is_sent_again_after_it() -> None:
    table = Table()
    table.sits_down()
    table.passes(2)
    first = table.sent()
    table.effects += table.player.closed(2, 1006, table.now)
    table.passes(1.5)
    table.take()
    table.opens(3)
    table.receives(3, "batch", [], v=0, epoch=1)
    assert table.sent() == first


def test_a_handover_opens_the_second_before_it_closes_the_first() -> None:
    table = Table()
    table.sits_down("black")
    table.receives(2, "serverRestart", {"delayMs": 100, "jitterMs": 300})
    assert table.take() == []
    table.passes(0.5)
    assert table.take() == [Open(3, "/play/gamegamesecretsecret?sri=bot-test-00001-001&v=0&epoch=1")]
    table.opens(3)
    table.move(2, 1, 1, "e2e4")
    assert Close(2) not in table.take()
    table.receives(3, "batch", [{"t": "move", "v": 1, "d": {"ply": 1, "uci": "e2e4"}}], v=1, epoch=1)
    assert table.take()[0] == Close(2)
    assert table.ledger.tally["handovers"] == 1
    assert table.ledger.drops == []
    assert table.faults() == []


def test_a_refused_handover_is_tried_again_while_the_first_socket_serves_on() -> None:
    table = Table()
    table.sits_down("black")
    table.receives(2, "serverRestart", {"delayMs": 0, "jitterMs": 0})
    table.passes(0.1)
    assert len(table.take()) == 1
    table.effects += table.player.refused(3, table.now, 2.0)
    table.passes(1.9)
    assert table.take() == []
    table.passes(1.2)
    assert isinstance(table.take()[0], Open)


def test_a_lobby_hands_over_as_well() -> None:
    table = Table()
    table.take()
    table.opens(1)
    table.receives(1, "serverRestart", {"delayMs": 0, "jitterMs": 100})
    table.take()
    table.passes(0.2)
    assert table.take() == [Open(2, "/lobby/socket?sri=bot-test-00001-001")]
    table.opens(2)
    assert table.sent()[0]["t"] == "poolIn"
    table.effects += table.player.received(2, "0", table.now)
    assert table.take() == [Close(1)]


def test_silence_is_asked_and_then_given_up() -> None:
    table = Table()
    table.sits_down("black")
    table.passes(PING_AFTER_SECONDS + 4)
    assert Send(2, "null") in table.take()
    table.passes(DEAD_AFTER_SECONDS)
    assert Abandon(2) in table.take()
    assert len(table.ledger.drops) == 1


def test_a_token_is_offered_and_given_up_for_the_path_where_a_server_does_not_take_it() -> None:
    table = Table()
    table.opens(1)
    seat = {"id": "gamegamesecretsecret", "url": "/play/gamegamesecretsecret", "color": "white", "token": "T"}
    table.receives(1, "redirect", seat)
    assert table.take()[-1] == Open(2, "/play/gamegame?sri=bot-test-00001-001", "T")
    table.effects += table.player.refused(2, table.now, 1.0)
    table.passes(1.5)
    assert table.take() == [Open(3, "/play/gamegame?sri=bot-test-00001-001", "T")], (
        "503 says nothing of the token"
    )
    table.effects += table.player.refused(3, table.now, None)
    table.passes(8)
    assert table.take() == [Open(4, "/play/gamegamesecretsecret?sri=bot-test-00001-001")]
