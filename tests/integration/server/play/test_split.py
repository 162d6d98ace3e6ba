"""Two Redis primaries after a split, one PostgreSQL: each game has one history, whichever side a player reaches."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from polling import eventually, wait_until

from chess_localcluster.stores.temporary import temporary_redis

pytestmark = pytest.mark.integration

LINES = {"one": ("g1f3", "b8c6", "f1b5", "a7a6"), "other": ("d2d4", "e5d4", "d1d4", "b8c6")}
"""What each side's players want to play after 1. e4 e5."""

MOST_EPOCHS = 20


@pytest.fixture(scope="module")
def sides(make_fleet: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A fleet whose second server is on a Redis that nobody else knows, as after a split."""
    with temporary_redis() as stranger, make_fleet("split") as fleet:
        [one] = fleet.start(1)
        file = tmp_path_factory.mktemp("split") / "redis.url"
        file.write_text(stranger.url)
        other = fleet.launch(CHESS_REDIS_URL_FILE=str(file))
        fleet.wait_ready([other])
        yield fleet, one, other


class Side:
    """Both players' sockets on one side, and what that side has acknowledged."""

    def __init__(self, name: str, white: Any, black: Any) -> None:
        self.name = name
        self.players = {"white": white, "black": black}
        self.acked: list[tuple[int, str]] = []

    async def play(self, tries: int = 12) -> None:
        """Play this side's line, as far as the other side lets it."""
        for uci in LINES[self.name]:
            for _ in range(tries):
                mover = self.players["white" if await self._ply() % 2 == 0 else "black"]
                answer = await mover.answer_to(await mover.try_move(uci))
                if "ack" in answer:
                    self.acked.append((answer["ack"], uci))
                    break
                if answer["code"] != "conflict":
                    return
                await mover.drain_socket()

    async def _ply(self) -> int:
        for player in self.players.values():
            await player.drain_socket(0.05)
        return max(_ply(player) for player in self.players.values())


def _ply(player: Any) -> int:
    """The ply that a player has last heard of: a `full` may take moves back that only this side knew."""
    if player.snapshots[-1]["t"] != "full":
        return player.ply
    later = [
        event["d"]["ply"]
        for event in player.events
        if event["t"] == "move" and event["v"] > player.snapshots[-1]["v"]
    ]
    return max(later, default=player.snapshots[-1]["d"]["ply"])


async def _both_sides(sides: Any, lobby: Any) -> tuple[Any, Side, Side]:
    fleet, one, other = sides
    white, black = await lobby.pair(one, one)
    for mover, uci in ((white, "e2e4"), (black, "e7e5")):
        await mover.until_ply(1 if mover is black else 0)
        await mover.move(uci)
    there = [
        await lobby.follow(other, {"id": player.full_id, "color": player.color}) for player in (white, black)
    ]
    for player in there:
        player.a = 1000  # no number is used for two commands
    return fleet, Side("one", white, black), Side("other", *there)


async def test_two_sides_write_one_history(sides: Any, lobby: Any) -> None:
    games = [await _both_sides(sides, lobby) for _ in range(4)]
    await asyncio.gather(*(side.play() for _, *both in games for side in both))
    for fleet, one, other in games:
        game_id = one.players["white"].game_id
        stored = fleet.query(
            "SELECT ply, player_move_id, uci FROM moves WHERE game_id = %s ORDER BY ply", game_id
        )
        assert [ply for ply, *_ in stored] == list(range(1, len(stored) + 1))
        assert {(a, uci) for _, a, uci in stored[2:]} == set(one.acked + other.acked)
        assert len(stored) > 2, "one of the sides plays on"


async def test_a_draw_is_not_agreed_after_a_resignation_that_the_other_side_stored(
    sides: Any, lobby: Any
) -> None:
    fleet, one, other = await _both_sides(sides, lobby)
    await other.players["black"].send("draw-yes", a=1500)
    assert "ack" in await other.players["black"].answer_to(1500)
    await _resign(one.players["white"])
    await other.players["white"].send("draw-yes", a=1501)
    assert (await other.players["white"].answer_to(1501)).get("code") == "game_over"
    game_id = one.players["white"].game_id
    assert fleet.query("SELECT status FROM games WHERE id = %s", game_id) == [("resign",)]
    for player in (*one.players.values(), *other.players.values()):
        await player.drain_socket()
        assert await _status(player) == "resign"


async def _status(player: Any) -> str:
    """How the game ended, by the last that a player has heard."""
    if player.snapshots[-1]["d"] and player.snapshots[-1]["t"] == "full":
        ended = player.snapshots[-1]["d"]["status"]
        if ended != "started":
            return str(ended)
    return str((await player.until("endData"))["status"])


async def test_no_move_is_acknowledged_after_an_end_that_the_other_side_stored(
    sides: Any, lobby: Any
) -> None:
    fleet, one, other = await _both_sides(sides, lobby)
    await _resign(other.players["white"])
    answer = await one.players["white"].answer_to(await one.players["white"].try_move("g1f3"))
    assert answer.get("code") in ("conflict", "game_over"), answer
    game_id = one.players["white"].game_id
    assert fleet.query("SELECT count(*) FROM moves WHERE game_id = %s", game_id) == [(2,)]


async def _resign(player: Any) -> None:
    """Resign, again after a conflict, until the game has ended."""
    for a in range(600, 605):
        await player.send("resign", a=a)
        if (await player.answer_to(a)).get("code") != "conflict":
            return
    raise AssertionError("the two sides take the game from each other for ever")


async def test_who_looks_on_raises_no_epoch(sides: Any, lobby: Any) -> None:
    fleet, one, other = await _both_sides(sides, lobby)
    await asyncio.gather(one.play(), other.play())
    game_id = one.players["white"].game_id
    query = "SELECT epoch FROM games WHERE id = %s"
    before = fleet.query(query, game_id)
    assert before[0][0] < MOST_EPOCHS
    await asyncio.sleep(7)  # two sweeps of each server
    assert fleet.query(query, game_id) == before
    winner = one.players["white"]
    await _resign(winner)
    wait_until(
        lambda: fleet.query("SELECT status FROM games WHERE id = %s", game_id) == [("resign",)], "the end"
    )
    [(ended,)] = fleet.query(query, game_id)
    for player in (*one.players.values(), *other.players.values()):
        await player.close()
    key = f"chess:{fleet.cluster_uid}:{{{game_id}}}:game"
    with redis.Redis.from_url(fleet.redis.url) as client:

        async def read_back() -> bool:  # once no room holds it in memory
            client.delete(key)
            spectator = await lobby.follow(winner.server, {"id": winner.full_id, "color": "white"})
            assert spectator.snapshots[-1]["d"]["status"] == "resign"
            await spectator.close()
            return bool(client.exists(key))

        for _ in range(3):
            await eventually(read_back, "Redis has the game again")
    assert fleet.query(query, game_id) == [(ended,)]
