"""What a player tries over real sockets to win by other means than chess."""

import asyncio
from typing import Any

import pytest

pytestmark = pytest.mark.integration

THOUGHT_SECONDS = 2.5
MOST_LEFT_SECONDS = 60 - THOUGHT_SECONDS + 1.17
"""Of a minute, after that thought: in this pool no more lag than that is forgiven for a first move."""


async def begun(lobby: Any, servers: Any, pool: str = "10+5") -> tuple[Any, Any]:
    """Both players after each has made a first move, White to move."""
    white, black = await lobby.pair(*servers, pool)
    await white.move("e2e4")
    await black.until_ply(1)
    await black.move("e7e5")
    await white.until_ply(2)
    return white, black


async def code_of(player: Any, kind: str, **data: Any) -> str:
    """The code of a command's nack, or `ack`."""
    await player.send(kind, **data)
    return (await player.answer_to(data["a"])).get("code", "ack")


@pytest.mark.parametrize(
    "kind, data",
    [
        pytest.param("move", {"u": "g1g5"}, id="an-illegal-move"),
        pytest.param("move", {"u": "hello"}, id="no-move-at-all"),
        pytest.param("draw-claim", {}, id="another-command"),
    ],
)
async def test_a_number_sent_early_does_not_stop_the_clock(
    servers: Any, lobby: Any, kind: Any, data: Any
) -> None:
    white, _ = await begun(lobby, servers, "1+0")
    assert await code_of(white, kind, a=9, **data) != "ack"
    white.nacked.clear()
    await asyncio.sleep(THOUGHT_SECONDS)  # this is the thought
    await white.move("g1f3", a=9)
    await white.until_ply(3)
    assert white.events[-1]["d"]["clock"]["white"] <= MOST_LEFT_SECONDS


async def test_a_number_sent_in_the_opponents_turn_does_not_stop_the_clock(servers: Any, lobby: Any) -> None:
    white, black = await begun(lobby, servers, "1+0")
    assert await code_of(black, "move", u="b8c6", a=9) == "not_your_turn"
    black.nacked.clear()
    await white.move("g1f3")
    await black.until_ply(3)
    await asyncio.sleep(THOUGHT_SECONDS)  # this is the thought
    await black.move("b8c6", a=9)
    await black.until_ply(4)
    assert black.events[-1]["d"]["clock"]["black"] <= MOST_LEFT_SECONDS


async def test_a_move_is_never_acknowledged_for_a_number_used_before(
    servers: Any, lobby: Any, query: Any
) -> None:
    white, _ = await begun(lobby, servers)
    assert await code_of(white, "draw-yes", a=5) == "ack"
    white.acked.clear()
    assert await code_of(white, "move", u="g1f3", a=5) == "number_used"
    assert query("SELECT count(*) FROM moves WHERE game_id = %s", white.game_id) == [(2,)]


async def test_a_move_after_the_flag_is_not_acknowledged(servers: Any, lobby: Any, query: Any) -> None:
    white, black = await begun(lobby, servers, "0+1")
    await asyncio.sleep(3.3)  # the flag falls after 3 s, and the server waits a little for a move under way
    assert await code_of(white, "move", u="g1f3", a=9) in {"out_of_time", "game_over"}
    assert await black.until("endData") == {"status": "outoftime", "winner": "black", "pgnResult": "0-1"}
    assert query("SELECT count(*) FROM moves WHERE game_id = %s", white.game_id) == [(2,)]


async def test_nobody_claims_an_absence_in_his_own_turn(servers: Any, lobby: Any) -> None:
    white, black = await begun(lobby, servers)
    await black.close()
    await white._until(
        lambda: any(
            one["d"] == {"color": "black", "seconds": 0.0} for one in white.others if one["t"] == "goneIn"
        ),
        "claimable",
    )
    assert await code_of(white, "resign-force", a=7) == "your_turn"
    assert await code_of(white, "draw-force", a=8) == "your_turn"
    await white.move("g1f3", a=9)
    assert await code_of(white, "resign-force", a=10) == "ack"
    assert (await white.until("endData"))["winner"] == "white"


async def test_draw_offers_do_not_flood_the_opponent(servers: Any, lobby: Any) -> None:
    white, black = await begun(lobby, servers)
    await black.send("draw-no", a=1000)
    for number in range(20):
        await white.send("draw-yes", a=100 + 2 * number)
        await white.send("draw-no", a=101 + 2 * number)
    codes = [(await white.answer_to(100 + 2 * number)).get("code", "ack") for number in range(20)]
    assert codes[0] == "ack"
    assert set(codes[1:]) <= {"too_soon", "overloaded"}
    assert "too_soon" in codes
    await white.move("g1f3", a=500)
    await black.until_ply(3)
    assert sum(one["t"] == "drawOffer" for one in black.events) == 1
    await black.try_move("e7e5", a=1)
    assert await black.answer_to(1) == {"ack": 1}, "a number of one's own is still known"


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param([("white", "resign")], id="resigned"),
        pytest.param([("white", "draw-yes"), ("black", "draw-yes")], id="draw-agreed"),
    ],
)
async def test_a_game_that_has_not_begun_is_aborted(servers: Any, lobby: Any, commands: Any) -> None:
    white, black = await lobby.pair(*servers)
    players = {"white": white, "black": black}
    for number, (color, kind) in enumerate(commands):
        assert await code_of(players[color], kind, a=50 + number) == "ack"
    assert await black.until("endData") == {"status": "aborted", "pgnResult": "*"}


async def test_how_long_an_absence_must_last_follows_the_speed_of_the_game(fleet: Any, lobby: Any) -> None:
    [server] = fleet.start(1)
    for pool, seconds in (("1+0", 15), ("10+5", 60)):
        white, black = await lobby.pair(server, server, pool)
        await black.close()
        assert seconds - 10 < (await white.until("goneIn"))["seconds"] <= seconds
        await white.close()
