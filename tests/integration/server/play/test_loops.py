"""Background loops that fail, on real stores: play goes on, or the server says that it cannot."""

import asyncio
import secrets
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from polling import eventually, wait_until
from redis.asyncio import Redis

from chess_server.store.redis.keys import Keys

pytestmark = pytest.mark.integration

INSERT_GAME = """
INSERT INTO games (id, cluster, white_player, black_player, initial_seconds, increment_seconds, status)
VALUES (%s, %s, 'white', 'black', 600, 0, 'started') RETURNING id
"""
INSERT_SECOND_MOVE = """
INSERT INTO moves (game_id, ply, uci, san, player_move_id, white_ms, black_ms)
VALUES (%s, 2, 'e7e5', 'e5', 1, 600000, 600000) RETURNING ply
"""
INSERT_FIRST_MOVES = """
INSERT INTO moves (game_id, ply, uci, san, player_move_id, white_ms, black_ms)
VALUES (%s, 1, 'e2e4', 'e4', 1, 100, 100), (%s, 2, 'e7e5', 'e5', 1, 100, 100) RETURNING ply
"""
FALLEN = "SELECT id FROM games WHERE status = 'outoftime' AND id = %s"
ENDED = "SELECT id FROM games WHERE status = 'noStart' AND id = ANY (%s)"


@pytest.fixture
def loops_fleet(make_fleet: Any) -> Iterator[Any]:
    """A cluster of one test alone: its servers have faults, and log them."""
    with make_fleet(f"loops-{secrets.token_hex(4)}", faultless=False) as fleet:
        yield fleet


async def test_play_goes_on_when_the_committer_has_died(loops_fleet: Any, lobby: Any) -> None:
    server = await _started(loops_fleet, ("committer", "3"))
    white, _ = await lobby.pair(server, server)
    await white.move("e2e4")
    assert server.metric('chess_server_loop_restarts{loop="committer"}') == 3
    assert server.admin("/livez") == (200, "alive\n")
    assert server.log.read_text().count("a background loop failed") == 1, "the same cause is logged once"


@pytest.mark.parametrize("how", ["dies", "hangs"])
async def test_a_committer_that_stays_dead_fails_liveness(loops_fleet: Any, how: str) -> None:
    server = await _started(loops_fleet, ("committer", how))
    await asyncio.to_thread(
        wait_until, lambda: server.admin("/livez")[0] == 503, "/livez fails", within=60, every=0.1
    )
    assert server.admin("/livez")[1] == "does not come back: committer\n"


async def test_a_loop_that_play_can_do_without_leaves_liveness_alone(loops_fleet: Any) -> None:
    server = await _started(loops_fleet, ("timers", "dies"))
    restarts = 'chess_server_loop_restarts{loop="timers"}'
    await asyncio.to_thread(wait_until, lambda: server.metric(restarts) > 5, "it dies again and again")
    assert server.admin("/livez")[0] == 200


async def _started(fleet: Any, faulty: tuple[str, str]) -> Any:
    server = fleet.launch(faulty=faulty)
    await asyncio.to_thread(fleet.wait_ready, [server])
    return server


async def test_a_game_that_cannot_be_read_keeps_no_other_from_its_end(loops_fleet: Any) -> None:
    """Twelve abandoned games are due in one bucket; the first of them has a hole in its history."""
    [server] = await asyncio.to_thread(loops_fleet.start, 1, CHESS_NO_START_SECONDS="1")
    keys = Keys(loops_fleet.cluster_uid)
    named = (f"due{number:05d}" for number in range(1000))
    poisoned, *others = [name for name in named if keys.timers_of(name) == keys.timers(0)][:12]
    for game_id in (poisoned, *others):
        loops_fleet.query(INSERT_GAME, game_id, loops_fleet.cluster_uid)
    loops_fleet.query(INSERT_SECOND_MOVE, poisoned)
    async with Redis.from_url(loops_fleet.redis.url) as client:
        await client.zadd(keys.timers(0), dict.fromkeys([poisoned, *others], 1))
        await asyncio.to_thread(
            wait_until, lambda: len(loops_fleet.query(ENDED, others)) == 11, "all others end"
        )
        now_ms = (await client.time())[0] * 1000
        assert await client.zscore(keys.timers(0), poisoned) > now_ms + 10_000, (
            "it is checked again, but not soon"
        )
    assert server.admin("/livez")[0] == 200


async def test_timers_are_set_again_though_the_server_that_began_has_died(frail_fleet: Any) -> None:
    alive = [one for one in frail_fleet.servers if one.process.poll() is None]
    assert len(alive) >= 2
    for one in alive:
        one.signal(signal.SIGSTOP)
    frail_fleet.redis.end(signal.SIGKILL)
    await asyncio.to_thread(frail_fleet.redis.start)
    abandoned = _abandoned(frail_fleet)
    async with Redis.from_url(frail_fleet.redis.url) as client:
        await client.set(Keys(frail_fleet.cluster_uid).rearm_lease(), "a server that died", ex=5)
    for one in alive:
        one.signal(signal.SIGCONT)
    await asyncio.to_thread(
        wait_until, lambda: frail_fleet.query(FALLEN, abandoned), "its flag falls", within=60
    )


def _abandoned(fleet: Any, cluster: str = "") -> str:
    """Store a game that both players have left, and whose time is long up."""
    game_id = secrets.token_hex(4)
    fleet.query(INSERT_GAME, game_id, cluster or fleet.cluster_uid)
    fleet.query(INSERT_FIRST_MOVES, game_id, game_id)
    return game_id


async def test_timers_lost_while_no_server_lived_are_set_again_in_this_cluster_alone(
    loops_fleet: Any,
) -> None:
    """Redis is empty when the first server starts. PostgreSQL holds games of two clusters."""
    others, abandoned = _abandoned(loops_fleet, "another cluster"), _abandoned(loops_fleet)
    await asyncio.to_thread(loops_fleet.start, 1)
    await asyncio.to_thread(
        wait_until, lambda: loops_fleet.query(FALLEN, abandoned), "its flag falls", within=60
    )
    keys = Keys(loops_fleet.cluster_uid)
    async with Redis.from_url(loops_fleet.redis.url) as client:
        assert await client.get(keys.rearmed()) is not None
        assert await client.zscore(keys.timers_of(others), others) is None
    assert loops_fleet.query("SELECT status, epoch FROM games WHERE id = %s", others) == [("started", 1)]


async def test_timers_lost_while_redis_lived_are_set_again(loops_fleet: Any) -> None:
    """Somebody deletes what Redis holds; its identity stays."""
    await asyncio.to_thread(loops_fleet.start, 1)
    keys = Keys(loops_fleet.cluster_uid)
    async with Redis.from_url(loops_fleet.redis.url) as client:

        async def rearmed() -> bool:
            return await client.exists(keys.rearmed()) == 1

        await eventually(rearmed, "it is noted that all timers are set", within=60)
        abandoned = _abandoned(loops_fleet)
        await client.delete(keys.rearmed(), keys.rearm_lease())
        await asyncio.to_thread(
            wait_until, lambda: loops_fleet.query(FALLEN, abandoned), "its flag falls", within=60
        )


async def test_readiness_says_which_store_fails_after_a_grace_and_liveness_stays(frail_fleet: Any) -> None:
    [server] = await asyncio.to_thread(frail_fleet.start, 1, CHESS_STORE_GRACE_SECONDS="1")

    def answers(status: int, line: str) -> bool:
        found, body = server.admin("/readyz")
        return found == status and body.startswith(line)

    async def until(status: int, line: str) -> None:
        await asyncio.to_thread(wait_until, lambda: answers(status, line), line, every=0.1)

    frail_fleet.redis.signal(signal.SIGSTOP)
    await until(503, "redis")
    frail_fleet.redis.signal(signal.SIGCONT)
    await until(200, "ready")
    frail_fleet.postgres.end(signal.SIGINT)
    try:
        await until(503, "postgresql: ")
        assert server.admin("/livez") == (200, "alive\n")
    finally:
        await asyncio.to_thread(frail_fleet.postgres.start)
    await until(200, "ready")
