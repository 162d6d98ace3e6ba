import pytest

pytestmark = pytest.mark.integration


async def test_two_players_on_two_servers_play_to_mate(fleet, lobby):
    one, other = fleet.start(2)
    white, black = await lobby.pair(one, other)
    for mover, uci in ((white, "f2f3"), (black, "e7e5"), (white, "g2g4"), (black, "d8h4")):
        await mover.move(uci)
    for player in (white, black):
        ended = await player.until("endData")
        assert ended == {"status": "mate", "winner": "black", "pgnResult": "0-1"}
    [(status, winner, result, pgn)] = fleet.query(
        "SELECT status, winner, result, pgn FROM games WHERE id = %s", white.game_id
    )
    assert (status, winner, result) == ("mate", "black", "0-1")
    assert f'[Site "{white.game_id}"]' in pgn
    assert pgn.endswith("1. f3 e5 2. g4 Qh4# 0-1\n")
