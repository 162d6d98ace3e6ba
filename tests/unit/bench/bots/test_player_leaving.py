"""A bot that is asked to leave keeps no opponent waiting."""

from bot_table import Table

from chess_bench.bots.effects import Close

KEY = "the-key-of-bot-test-00001-001"


def test_a_player_that_is_asked_to_leave_plays_its_game_to_the_end() -> None:
    table = Table()
    table.sits_down("black", "e2e4 e7e5 g1f3 b8c6", 4)
    table.effects += table.player.leave(table.now)
    assert not table.player.done
    table.receives(2, "endData", {"status": "resign", "winner": "white", "pgnResult": "1-0"}, v=5)
    assert table.player.done


def test_a_waiting_player_that_is_asked_to_leave_still_plays_a_game_just_made() -> None:
    table = Table()
    table.opens(1)
    table.effects += table.player.leave(table.now)
    assert table.sent()[-1] == {"t": "poolOut", "d": {"key": KEY}}
    table.receives(
        1, "redirect", {"id": "gamegamesecretsecret", "url": "/play/gamegamesecretsecret", "color": "white"}
    )
    table.passes(5)
    assert not table.player.done
    assert table.player.playing


def test_a_waiting_player_without_a_game_leaves() -> None:
    table = Table()
    table.opens(1)
    table.effects += table.player.leave(table.now)
    table.passes(3)
    assert table.player.done
    assert Close(1) in table.take()


def test_a_player_cut_while_waiting_reconnects_before_it_leaves() -> None:
    table = Table()
    table.opens(1)
    table.effects += table.player.leave(table.now)
    table.effects += table.player.closed(1, None, table.now)
    table.passes(5)
    assert not table.player.done
    table.take()
    table.opens(2)
    assert table.sent() == [{"t": "poolOut", "d": {"key": KEY}}]
    table.passes(1)
    assert not table.player.done
    table.passes(1.5)
    assert table.player.done
