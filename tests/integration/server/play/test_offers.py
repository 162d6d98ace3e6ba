"""Moves back and time, offered and taken over real sockets, the two players on different servers."""

import signal
from typing import Any

import pytest

pytestmark = pytest.mark.integration


async def both_moved(lobby: Any, servers: Any) -> tuple[Any, Any]:
    white, black = await lobby.pair(*servers)
    await white.move("e2e4")
    await hears(black, "e2e4")
    await black.move("e7e5")
    await hears(white, "e7e5")
    return white, black


async def hears(player: Any, uci: str) -> None:
    """Wait until a move is the newest event that a player was sent."""
    await player._until(lambda: player.events and player.events[-1]["d"].get("uci") == uci, uci)


def newest(player: Any) -> dict:
    """The `full` that a player was sent last."""
    found: dict = [frame for frame in player.snapshots if frame["t"] == "full"][-1]
    return found


async def stands(player: Any, moves: str) -> dict:
    """Wait until a player was sent the whole game with just these moves."""
    await player._until(lambda: newest(player)["d"]["moves"] == moves, f"a full with {moves!r}")
    return newest(player)


def moves_of(fleet_query: Any, game_id: str) -> list[str]:
    rows = fleet_query("SELECT uci FROM moves WHERE game_id = %s ORDER BY ply", game_id)
    return [uci for (uci,) in rows]


async def test_a_move_is_taken_back_on_both_servers_and_in_postgresql(
    servers: Any, lobby: Any, query: Any
) -> None:
    white, black = await both_moved(lobby, servers)
    await white.move("f1c4")
    await hears(black, "f1c4")
    await white.send("takeback-yes", a=20)
    assert await white.answer_to(20) == {"ack": 20}
    assert await black.until("takebackOffer") == {"color": "white"}
    await black.send("takeback-yes", a=20)
    assert await black.answer_to(20) == {"ack": 20}
    for player in (white, black):
        game = await stands(player, "e2e4 e7e5")
        assert game["epoch"] > 1
        assert game["d"]["turn"] == game["d"]["clock"]["running"] == "white"
        assert "takebackOffer" not in game["d"]
    assert moves_of(query, white.game_id) == ["e2e4", "e7e5"]
    await white.move("g1f3")
    await hears(black, "g1f3")
    await black.send("takeback-yes", a=20)
    assert await black.answer_to(20) == {"ack": 20}, "sent again, it is done once"
    await black.move("b8c6")
    await hears(white, "b8c6")
    await white.send("resign", a=30)
    assert await black.until("endData") == {"status": "resign", "winner": "black", "pgnResult": "0-1"}
    [(pgn,)] = query("SELECT pgn FROM pgns WHERE id = %s", white.game_id)
    assert pgn.endswith("1. e4 e5 2. Nf3 Nc6 0-1\n")


async def test_who_was_away_meanwhile_is_sent_the_whole_game(servers: Any, lobby: Any) -> None:
    white, black = await both_moved(lobby, servers)
    await black.send("takeback-yes", a=20)
    assert await white.until("takebackOffer") == {"color": "black"}
    await black.close()
    await white.send("takeback-yes", a=20)
    await stands(white, "e2e4")
    await black.connect(servers[0])
    game = await stands(black, "e2e4")
    assert game["d"]["turn"] == "black"
    await black.move("c7c5")
    await hears(white, "c7c5")


async def test_a_request_is_declined_and_a_move_lets_one_lapse(servers: Any, lobby: Any) -> None:
    white, black = await both_moved(lobby, servers)
    await black.send("takeback-yes", a=20)
    assert await white.until("takebackOffer") == {"color": "black"}
    await white.send("takeback-no", a=20)
    assert await black.until("takebackDeclined") == {"color": "white"}
    await black.send("takeback-yes", a=21)
    assert (await black.answer_to(21))["code"] == "too_soon"
    await white.send("takeback-yes", a=21)
    await black._until(lambda: black.events[-1]["d"] == {"color": "white"}, "white asks")
    await white.move("g1f3")
    await hears(black, "g1f3")
    await black.send("takeback-no", a=22)
    assert (await black.answer_to(22))["code"] == "no_takeback"


async def test_after_a_redis_that_dies_while_they_agree_there_is_one_history(
    frail_fleet: Any, lobby: Any
) -> None:
    white, black = await both_moved(lobby, frail_fleet.servers[:2])
    await black.send("takeback-yes", a=20)
    assert await white.until("takebackOffer") == {"color": "black"}
    await white.send("takeback-yes", a=20)
    frail_fleet.redis.end(signal.SIGKILL)
    frail_fleet.redis.start()
    await white._until(lambda: newest(white)["epoch"] > 1, "the game is there again")
    await white.drain_socket(1.0)  # the other server may have read it back once more
    await black._until(lambda: newest(black)["epoch"] == newest(white)["epoch"], "both have the same")
    stored = moves_of(frail_fleet.query, white.game_id)
    assert stored in (["e2e4"], ["e2e4", "e7e5"])
    assert newest(white)["d"]["moves"].split() == newest(black)["d"]["moves"].split() == stored
    mover, uci = (black, "c7c5") if len(stored) == 1 else (white, "g1f3")
    await mover.persist(uci)
    assert moves_of(frail_fleet.query, white.game_id) == [*stored, uci]


async def test_time_is_given_and_the_clock_of_now_has_it(servers: Any, lobby: Any) -> None:
    white, black = await both_moved(lobby, servers)
    before = newest(white)["d"]["clock"]["white"]
    for a in (40, 41, 42):
        await black.send("moretime", a=a)
        assert await black.answer_to(a) == {"ack": a}
    assert await white.until("clockInc") == {"color": "white", "seconds": 15}
    await white.close()
    await white.connect(resume=False)
    assert before < newest(white)["d"]["clock"]["white"] <= before + 45
    await white.move("g1f3")
    await hears(black, "g1f3")
    assert black.events[-1]["d"]["clock"]["white"] > before


async def test_who_has_little_left_and_is_given_time_does_not_lose_on_it(servers: Any, lobby: Any) -> None:
    white, black = await lobby.pair(*servers, pool="0+1")  # three seconds
    await white.move("e2e4")
    await hears(black, "e2e4")
    await black.move("e7e5")
    await hears(white, "e7e5")
    await black.send("moretime", a=40)
    assert await black.answer_to(40) == {"ack": 40}
    await white.drain_socket(6.0)
    assert white.events[-1]["t"] == "clockInc", "the flag has not fallen"
    await white.move("g1f3")
