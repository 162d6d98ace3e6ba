"""Whole games over real sockets, the two players on different servers."""

import asyncio
import json
import time
from typing import Any

import pytest
from polling import eventually
from websockets.exceptions import ConnectionClosed, InvalidStatus

pytestmark = pytest.mark.integration


async def test_to_mate_with_the_record_in_postgresql(servers: Any, lobby: Any, query: Any) -> None:
    white, black = await lobby.pair(*servers)
    for mover, uci in ((white, "f2f3"), (black, "e7e5"), (white, "g2g4"), (black, "d8h4")):
        await mover.move(uci)
    for player in (white, black):
        assert await player.until("endData") == {"status": "mate", "winner": "black", "pgnResult": "0-1"}
    [(status, winner, result, pgn)] = query(
        "SELECT status, winner, result, pgn FROM pgns WHERE id = %s", white.game_id
    )
    assert (status, winner, result) == ("mate", "black", "0-1")
    assert f'[Site "{white.game_id}"]' in pgn
    assert pgn.endswith("1. f3 e5 2. g4 Qh4# 0-1\n")
    rows = query(
        "SELECT ply, uci, san, player_move_id FROM moves WHERE game_id = %s ORDER BY ply", white.game_id
    )
    assert rows == [(1, "f2f3", "f3", 1), (2, "e7e5", "e5", 1), (3, "g2g4", "g4", 2), (4, "d8h4", "Qh4#", 2)]


async def test_an_acknowledged_move_is_in_postgresql_already(servers: Any, lobby: Any, query: Any) -> None:
    white, _ = await lobby.pair(*servers)
    await white.move("e2e4")
    assert query("SELECT uci FROM moves WHERE game_id = %s", white.game_id) == [("e2e4",)]


async def test_a_command_sent_again_is_acknowledged_again_and_carried_out_once(
    servers: Any, lobby: Any, query: Any
) -> None:
    white, black = await lobby.pair(*servers)
    await asyncio.gather(*(white.try_move("e2e4", a=9) for _ in range(5)))
    other = await _double(white, servers[1])
    await other.try_move("e2e4", a=9)
    for player in (white, other):
        assert await player.answer_to(9) == {"ack": 9}
    await black.until_ply(1)
    await black.move("e7e5")
    assert await other.answer_to(await other.try_move("e2e4", a=9)) == {"ack": 9}
    assert query("SELECT count(*) FROM moves WHERE game_id = %s", white.game_id) == [(2,)]
    await other.close()


async def _double(player: Any, server: Any) -> Any:
    """The same player's second socket, on another server."""
    twin = type(player)(player.full_id, player.color, server, f"{player.sri}-2")
    return await twin.connect()


@pytest.mark.parametrize(
    "kind, data, code, says",
    [
        pytest.param(
            "move", {"u": "e2e5", "a": 1}, "illegal_move", "e2e5 is not legal in rnbqkbnr", id="illegal"
        ),
        pytest.param(
            "move", {"u": "e7e5", "a": 2}, "illegal_move", "e7e5 is not legal", id="the-opponents-piece"
        ),
        pytest.param("move", {"u": "castle", "a": 3}, "bad_move", "allowed: a move in UCI", id="not-uci"),
        pytest.param("move", {"u": "0000", "a": 4}, "illegal_move", "0000 is not legal", id="null-move"),
        pytest.param("draw-no", {"a": 5}, "no_draw", "no draw offer", id="nothing-to-decline"),
        pytest.param("draw-claim", {"a": 6}, "no_draw", "threefold", id="nothing-to-claim"),
        pytest.param("resign-force", {"a": 7}, "not_gone", "has not been gone", id="opponent-is-here"),
    ],
)
async def test_a_rejected_command_does_not_end_the_game(
    servers: Any, lobby: Any, kind: Any, data: Any, code: Any, says: Any
) -> None:
    white, _ = await lobby.pair(*servers)
    await white.send(kind, **data)
    refusal = await white.answer_to(data["a"])
    assert refusal["code"] == code
    assert says in refusal["message"]
    await white.move("e2e4", a=99)


async def test_moving_in_the_opponents_turn_is_refused(servers: Any, lobby: Any) -> None:
    _, black = await lobby.pair(*servers)
    refusal = await black.answer_to(await black.try_move("e7e5"))
    assert refusal["code"] == "not_your_turn"


@pytest.mark.parametrize(
    "frame, says",
    [
        pytest.param("{nonsense", "not JSON", id="broken-json"),
        pytest.param("[]", "Expected `object`", id="not-an-object"),
        pytest.param('{"t":"castle"}', "allowed as t: p, poolIn", id="unknown-type"),
        pytest.param('{"t":"move","d":{"u":"e2e4"}}', "missing required field `a`", id="move-without-number"),
        pytest.param(
            '{"t":"move","d":{"u":7,"a":1}}', "Expected `str`, got `int` - at `$.d.u`", id="wrong-type"
        ),
        pytest.param('{"t":"move","d":{"u":"e2e4","a":-1}}', "`int` >= 0", id="negative-number"),
        pytest.param("[" * 3000, "Expected `object`", id="deep-nesting"),
    ],
)
async def test_a_bad_frame_is_answered_with_a_typed_error_only(
    servers: Any, lobby: Any, frame: Any, says: Any
) -> None:
    white, _ = await lobby.pair(*servers)
    await white.socket.send(frame)
    error = await white.until("error")
    assert error["code"] == "bad_message"
    assert says in error["message"]
    await white.move("e2e4")


async def test_pings_are_answered(servers: Any, lobby: Any) -> None:
    white, _ = await lobby.pair(*servers)
    await white.socket.send("null")
    await white.socket.send('{"t":"p","l":99}')
    await white._until(lambda: white.pongs == 2, "two pongs")


async def test_resign(servers: Any, lobby: Any, query: Any) -> None:
    white, black = await lobby.pair(*servers)
    await white.move("e2e4")
    await black.until_ply(1)
    await black.move("e7e5")
    await black.send("resign", a=5)
    assert await black.answer_to(5) == {"ack": 5}
    assert await white.until("endData") == {"status": "resign", "winner": "white", "pgnResult": "1-0"}
    assert query("SELECT status, result FROM games WHERE id = %s", white.game_id) == [("resign", "1-0")]
    refusal = await white.answer_to(await white.try_move("d2d4"))
    assert refusal["code"] == "game_over"


async def test_a_draw_is_offered_declined_offered_and_accepted(servers: Any, lobby: Any) -> None:
    white, black = await lobby.pair(*servers)
    await white.move("e2e4")
    await black.until_ply(1)
    await black.move("e7e5")
    await white.send("draw-yes")
    assert await black.until("drawOffer") == {"color": "white"}
    await black.send("draw-no")
    assert await white.until("drawDeclined") == {"color": "black"}
    await black.send("draw-yes", a=8)
    assert await black.answer_to(8) == {"ack": 8}
    await white.send("draw-yes", a=8)
    assert await black.until("endData") == {"status": "draw", "pgnResult": "1/2-1/2"}


async def test_threefold_repetition_may_be_claimed(servers: Any, lobby: Any) -> None:
    white, black = await lobby.pair(*servers)
    for white_uci, black_uci in 2 * [("g1f3", "g8f6"), ("f3g1", "f6g8")]:
        await white.move(white_uci)
        await black.move(black_uci)
    await white.send("draw-claim", a=50)
    assert await white.answer_to(50) == {"ack": 50}
    assert await black.until("endData") == {"status": "draw", "pgnResult": "1/2-1/2"}


async def test_abort_before_both_have_moved(servers: Any, lobby: Any) -> None:
    white, black = await lobby.pair(*servers)
    await white.move("e2e4")
    await black.send("abort", a=1)
    assert await white.until("endData") == {"status": "aborted", "pgnResult": "*"}


async def test_a_player_resumes_on_the_other_server_without_a_gap(servers: Any, lobby: Any) -> None:
    one, other = servers
    white, black = await lobby.pair(one, one)
    await white.move("e2e4")
    await black.until_ply(1)
    await black.close()
    await white.drain_socket()
    await black.connect(other)
    assert black.snapshots[-1]["t"] == "batch"
    await black.move("e7e5")
    await white.until_ply(2)
    await white.move("g1f3")
    await black.until_ply(3)
    assert [event["d"]["uci"] for event in black.events if event["t"] == "move"] == ["e2e4", "e7e5", "g1f3"]


async def test_without_a_version_the_whole_game_is_sent(servers: Any, lobby: Any) -> None:
    white, black = await lobby.pair(*servers)
    await white.move("e2e4")
    await black.close()
    await black.connect(servers[0], resume=False)
    told = black.snapshots[-1]
    assert told["t"] == "full"
    assert (told["d"]["moves"], told["d"]["ply"], told["d"]["turn"]) == ("e2e4", 1, "black")
    assert told["d"]["game"] == {
        "id": white.game_id, "pool": "10+5", "initial": 600, "increment": 5, "color": "black", "player": True,
    }  # fmt: skip
    assert told["d"]["opponent"] == {"online": True}


async def test_presence_of_the_opponent_is_right_across_servers_and_absence_may_be_claimed(
    servers: Any, lobby: Any
) -> None:
    white, black = await lobby.pair(*servers)
    await white.move("e2e4")
    await black.until_ply(1)
    await black.move("e7e5")
    await white.until_ply(2)
    await white.move("g1f3")
    await black.close()
    await white._until(lambda: {"white": True, "black": False} in _crowds(white), "black left")
    gone = await white.until("gone")
    assert gone == {"color": "black", "gone": True}
    await white._until(lambda: {"color": "black", "seconds": 0.0} in white.told("goneIn"), "claimable")
    await white.send("resign-force", a=77)
    assert await white.answer_to(77) == {"ack": 77}
    assert await white.until("endData") == {"status": "timeout", "winner": "white", "pgnResult": "1-0"}


def _crowds(player: Any) -> list[dict]:
    return player.told("crowd")


async def test_a_spectator_sees_everything_and_may_do_nothing(servers: Any, lobby: Any) -> None:
    white, _ = await lobby.pair(*servers)
    watcher = type(white)(f"{white.game_id}/white", "white", servers[1], "watcher-01")
    from websockets.asyncio.client import connect

    watcher.socket = await connect(f"{servers[1].ws}/watch/{white.game_id}/white?sri=watcher-01", proxy=None)
    await watcher._until(lambda: watcher.snapshots, "full")
    assert watcher.snapshots[0]["d"]["game"]["player"] is False
    await white.move("e2e4")
    await watcher.until_ply(1)
    refusal = await watcher.answer_to(await watcher.try_move("e7e5"))
    assert refusal["code"] == "read_only"
    await watcher.close()


async def test_a_wrong_secret_is_refused(servers: Any, lobby: Any) -> None:
    white, _ = await lobby.pair(*servers)
    thief = type(white)(white.game_id + 12 * "x", "white", servers[0], "thief-0001")
    with pytest.raises((ConnectionClosed, InvalidStatus)) as refused:
        await thief.connect()
    if isinstance(refused.value, InvalidStatus):  # this server has the game, and need not ask a store
        assert refused.value.response.status_code == 404
        assert json.loads(refused.value.response.body)["error"]["code"] == "no_such_game"
    else:
        assert refused.value.rcvd.code == 1008
        assert [frame["d"]["code"] for frame in thief.others] == ["no_such_game"]


async def test_a_game_without_first_moves_ends(fleet: Any, lobby: Any) -> None:
    [server] = fleet.start(1, CHESS_NO_START_SECONDS="1")
    white, _ = await lobby.pair(server, server)
    assert await white.until("endData") == {"status": "noStart", "pgnResult": "*"}


async def test_a_flag_falls_on_time(servers: Any, lobby: Any) -> None:
    white, black = await lobby.pair(*servers, "0+1")
    for mover, uci in ((white, "e2e4"), (black, "e7e5")):
        await mover.move(uci)
    began = time.monotonic()
    assert await white.until("endData") == {"status": "outoftime", "winner": "black", "pgnResult": "0-1"}
    assert 2.9 < time.monotonic() - began < 20


async def test_pairing_is_quick_and_by_chance(servers: Any, lobby: Any) -> None:
    _, first = await lobby.enter(servers[0], "7+7")
    _, second = await lobby.enter(servers[1], None)
    began = time.monotonic()
    await second.send('{"t":"poolIn","d":{"id":"7+7"}}')
    found = [await lobby.redirected(socket) for socket in (first, second)]
    assert {one["color"] for one in found} == {"white", "black"}
    assert time.monotonic() - began < 1


async def test_a_pairing_is_counted_once(servers: Any, lobby: Any) -> None:
    def pairings() -> float:
        return sum(server.metric("chess_server_pairings_total") for server in servers)

    before = pairings()
    await lobby.pair(*servers, pool="6+6")
    await eventually(lambda: pairings() == before + 1, "the pairing is counted", within=60, every=0.05)


async def test_one_sri_is_never_paired_with_itself(servers: Any, lobby: Any) -> None:
    sri, first = await lobby.enter(servers[0], "8+8")
    await lobby.enter(servers[1], "8+8", sri)
    with pytest.raises(TimeoutError):
        await lobby.redirected(first, 0.5)
    _, other = await lobby.enter(servers[1], "8+8")
    assert (await lobby.redirected(other))["color"] in ("white", "black")


async def test_a_redirect_that_was_not_followed_is_sent_again_by_another_server(
    servers: Any, lobby: Any
) -> None:
    sri, first = await lobby.enter(servers[0], "9+9")
    first.transport.abort()
    _, again = await lobby.enter(servers[1], "9+9", sri)
    _, other = await lobby.enter(servers[1], "9+9")
    mine, theirs = await lobby.redirected(again), await lobby.redirected(other)
    assert mine["id"][:8] == theirs["id"][:8]
    _, third = await lobby.enter(servers[0], "9+9", sri)
    assert await lobby.redirected(third) == mine


@pytest.mark.parametrize("pool", ["0+0", "ten", "200+1", "1+1000"])
async def test_a_bad_pool_is_refused(servers: Any, lobby: Any, pool: Any) -> None:

    _, socket = await lobby.enter(servers[0], pool)
    frame = json.loads(await socket.recv())
    assert frame["d"]["code"] == "bad_pool"
    assert "allowed: minutes 0-180" in frame["d"]["message"]
