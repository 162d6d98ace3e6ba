"""Servers, Redis or PostgreSQL fail while people play: no player is lost, and no acknowledged move."""

import asyncio
import signal
import time
from typing import Any

import pytest
from openings import OPENING, play
from polling import eventually, wait_until
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.integration


async def test_players_of_a_killed_server_continue_on_another(fleet: Any, lobby: Any) -> None:
    [one], other = fleet.start(1), fleet.servers[0]
    white, black = await lobby.pair(one, other)
    await play(white, black, OPENING[:3])
    victim = white if white.server is one else black
    survivor = black if victim is white else white
    one.signal(signal.SIGKILL)
    with pytest.raises(ConnectionClosed):
        await victim.until_ply(99)
    assert victim.socket.close_code == 1006
    await victim.connect(other)
    await play(white, black, OPENING[3:6], 3)
    assert all(crowd["white"] or crowd["black"] for crowd in survivor.told("crowd"))
    assert survivor.told("gone") == []
    moves = fleet.query("SELECT uci FROM moves WHERE game_id = %s ORDER BY ply", white.game_id)
    assert [uci for (uci,) in moves] == list(OPENING[:6])


async def test_a_move_applied_but_not_stored_when_its_server_died_is_stored_by_another(
    frail_fleet: Any, lobby: Any
) -> None:
    [doomed], other = frail_fleet.start(1), frail_fleet.servers[0]
    white, _ = await lobby.pair(doomed, doomed)
    lock = _lock_moves(frail_fleet)
    try:
        await white.try_move("e2e4", a=7)
        await asyncio.to_thread(_wait_applied, frail_fleet, white.game_id)
        doomed.signal(signal.SIGKILL)
    finally:
        lock.close()
    with pytest.raises(ConnectionClosed):
        await white.until_ply(99)
    await white.connect(other)
    await white.until_ply(1)
    assert await white.answer_to(await white.try_move("e2e4", a=7)) == {"ack": 7}
    assert frail_fleet.query("SELECT uci FROM moves WHERE game_id = %s", white.game_id) == [("e2e4",)]


def _lock_moves(fleet: Any) -> Any:
    import psycopg

    connection = psycopg.connect(fleet.postgres.url)
    connection.execute("LOCK TABLE moves IN EXCLUSIVE MODE")
    return connection


def _wait_applied(fleet: Any, game_id: Any) -> None:
    import redis

    client = redis.Redis.from_url(fleet.redis.url)
    key = f"chess:{fleet.cluster_uid}:{{{game_id}}}:game"
    wait_until(lambda: client.hget(key, "v") == b"1", "the move is applied in Redis", within=60, every=0.01)
    client.close()


async def test_a_frozen_redis_cuts_no_socket_and_loses_no_move(frail_fleet: Any, lobby: Any) -> None:
    servers = frail_fleet.servers[:2]
    white, black = await lobby.pair(*servers, "1+0")
    await play(white, black, OPENING[:4])
    abnormal = [server.metric("chess_server_abnormal_closes_total") for server in servers]
    frail_fleet.redis.signal(signal.SIGSTOP)
    pending = asyncio.create_task(white.persist(OPENING[4], 40))
    await asyncio.sleep(9)  # how long Redis is frozen: longer than every time limit of the servers
    frail_fleet.redis.signal(signal.SIGCONT)
    await pending
    await black.until_ply(5)
    await play(white, black, OPENING[5:], 5)
    assert (white.epoch, black.epoch) == (1, 1), "nothing was lost, so nothing was read back"
    clock = white.events[4]["d"]["clock"]
    assert clock["white"] > 52, "the outage was counted as thinking time"
    assert [server.process.poll() for server in servers] == [None, None]
    assert [server.metric("chess_server_abnormal_closes_total") for server in servers] == abnormal


async def test_a_redis_that_comes_back_empty_is_filled_from_postgresql(frail_fleet: Any, lobby: Any) -> None:
    servers = frail_fleet.servers[:2]
    white, black = await lobby.pair(*servers)
    await play(white, black, OPENING[:5])
    frail_fleet.redis.end(signal.SIGKILL)
    frail_fleet.redis.start()
    await play(white, black, OPENING[5:], 5)
    assert 1 < white.epoch == black.epoch < 6, (
        "read back once, or once by each server, and not again and again"
    )
    assert white.snapshots[-1]["t"] == "full"
    assert white.snapshots[-1]["d"]["moves"].startswith(" ".join(OPENING[:5]))
    assert [server.process.poll() for server in servers] == [None, None]
    _, sockets = zip(*[await lobby.enter(server, "5+5") for server in servers], strict=True)
    assert {(await lobby.redirected(socket))["color"] for socket in sockets} == {"white", "black"}


async def test_waiting_players_are_still_paired_after_redis_has_lost_them(
    frail_fleet: Any, lobby: Any
) -> None:
    server = frail_fleet.servers[0]
    _, first = await lobby.enter(server, "5+0")
    frail_fleet.redis.end(signal.SIGKILL)
    frail_fleet.redis.start()
    _, second = await lobby.enter(server, "5+0")
    assert {(await lobby.redirected(socket))["color"] for socket in (first, second)} == {"white", "black"}


async def test_without_players_a_flag_falls_though_redis_lost_the_timer(frail_fleet: Any, lobby: Any) -> None:
    server = frail_fleet.servers[0]
    white, black = await lobby.pair(server, server, "0+4")
    await play(white, black, OPENING[:2])
    await white.close()
    await black.close()
    frail_fleet.redis.end(signal.SIGKILL)
    frail_fleet.redis.start()
    await asyncio.to_thread(_wait_status, frail_fleet, white.game_id, "outoftime")


def _wait_status(fleet: Any, game_id: Any, status: Any) -> None:
    query = "SELECT status FROM games WHERE id = %s"
    wait_until(lambda: fleet.query(query, game_id) == [(status,)], status, within=60, every=0.1)


async def test_postgresql_restarting_loses_nothing(frail_fleet: Any, lobby: Any) -> None:
    servers = frail_fleet.servers[:2]
    white, black = await lobby.pair(*servers)
    await play(white, black, OPENING[:4])
    frail_fleet.postgres.end(signal.SIGINT)
    pending = asyncio.create_task(white.persist(OPENING[4], 40))
    await asyncio.sleep(2)  # how long PostgreSQL is away
    assert not white.acked >= {3}, "acknowledged without a database"
    await asyncio.to_thread(frail_fleet.postgres.start)
    await pending
    await black.until_ply(5)
    await play(white, black, OPENING[5:], 5)
    moves = frail_fleet.query("SELECT uci FROM moves WHERE game_id = %s ORDER BY ply", white.game_id)
    assert [uci for (uci,) in moves] == list(OPENING)


async def test_a_game_that_redis_holds_in_pieces_is_read_back(frail_fleet: Any, lobby: Any) -> None:
    import redis

    white, black = await lobby.pair(*frail_fleet.servers[:2])
    await play(white, black, OPENING[:2])
    for player in (white, black):
        await player.close()
    key = f"chess:{frail_fleet.cluster_uid}:{{{white.game_id}}}:game"

    def broken() -> bool:  # what servers hold in memory goes with their last socket, a moment later
        with redis.Redis.from_url(frail_fleet.redis.url) as client:
            client.hset(key, "state", "{")
            return client.hget(key, "crowd") == b"00"

    await asyncio.to_thread(wait_until, broken, "both have left")
    for player in (white, black):
        await player.connect(resume=False)
        assert player.snapshots[-1]["d"]["moves"] == " ".join(OPENING[:2])
    assert white.epoch == black.epoch == 2
    await play(white, black, OPENING[2:4], 2)


async def test_a_read_only_postgresql_loses_no_move_and_costs_nobody_time(
    frail_fleet: Any, lobby: Any
) -> None:
    white, black = await lobby.pair(*frail_fleet.servers[:2], "1+0")
    await play(white, black, OPENING[:4])
    others = await lobby.pair(white.server, white.server)
    _turn_read_only(frail_fleet, "on")
    try:
        await _until_refused(*others)
        pending = asyncio.create_task(white.persist(OPENING[4], 60))
        await asyncio.sleep(9)  # how long it is read-only
        assert not pending.done()
    finally:
        _turn_read_only(frail_fleet, "off")
    await pending
    await black.until_ply(5)
    await play(white, black, OPENING[5:], 5)
    assert white.events[4]["d"]["clock"]["white"] > 52, "the outage was counted as thinking time"
    moves = frail_fleet.query("SELECT uci FROM moves WHERE game_id = %s ORDER BY ply", white.game_id)
    assert [uci for (uci,) in moves] == list(OPENING)


async def _until_refused(white: Any, black: Any) -> None:
    """Play until a move is not stored: a session that is open learns of the setting a little later."""
    for number in range(14):
        mover = black if number % 2 else white
        uci = ("g1f3", "g8f6", "f3g1", "f6g8")[number % 4]
        if "ack" not in await mover.answer_to(await mover.try_move(uci)):
            return
        await asyncio.sleep(0.2)  # for PostgreSQL to pass the setting on
    raise AssertionError("moves are still stored")


def _turn_read_only(fleet: Any, value: str) -> None:
    """Set it as an administrator, for sessions that are open and for new ones."""
    import psycopg

    secret = (fleet.postgres.store.directory / "superuser-password").read_text()
    address = fleet.postgres.url.rpartition("@")[2].partition("/")[0]
    with psycopg.connect(f"postgresql://postgres:{secret}@{address}/postgres", autocommit=True) as admin:
        admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
        admin.execute("SELECT pg_reload_conf()")


async def test_where_postgresql_holds_another_move_the_game_is_read_back(
    frail_fleet: Any, lobby: Any
) -> None:
    servers = frail_fleet.servers[:2]
    white, black = await lobby.pair(*servers)
    await play(white, black, OPENING[:2])
    import psycopg

    with psycopg.connect(frail_fleet.postgres.url) as connection:
        connection.execute(
            "INSERT INTO moves (game_id, ply, uci, san, player_move_id, white_ms, black_ms)"
            " VALUES (%s, 3, 'd2d4', 'd4', 555, 600000, 600000)",
            (white.game_id,),
        )
    refusal = await white.answer_to(await white.try_move("g1f3"))
    assert refusal["code"] == "conflict"
    for player in (white, black):
        await player.until_ply(3)
        assert player.snapshots[-1]["d"]["moves"] == "e2e4 e7e5 d2d4"
        assert player.epoch == 2
    await play(white, black, ["e5d4"], 3)


async def test_sigterm_hands_all_clients_over_and_exits_0(fleet: Any, lobby: Any) -> None:
    [one], other = fleet.start(1), fleet.servers[0]
    white, black = await lobby.pair(one, one)
    await play(white, black, OPENING[:2])
    sri, waiting = await lobby.enter(one, "3+3")
    one.signal(signal.SIGTERM)
    for player in (white, black):
        assert await player.until("serverRestart") == {"delayMs": 0, "jitterMs": 500}
    await play(white, black, OPENING[2:4], 2)
    for player in (white, black):
        left = player.socket
        await player.connect(other)
        assert player.snapshots[-1]["t"] == "batch"
        await left.close(1000)
    await waiting.recv()
    _, again = await lobby.enter(other, "3+3", sri)
    await waiting.close(1000)
    _, partner = await lobby.enter(other, "3+3")
    assert await lobby.redirected(again)
    assert await lobby.redirected(partner)
    assert await asyncio.to_thread(one.process.wait, 60) == 0
    await play(white, black, OPENING[4:6], 4)
    assert white.told("gone") == [{"color": "black", "gone": False}], "said after each batch"
    assert black.told("gone") == [{"color": "white", "gone": False}]


async def test_a_draining_server_refuses_newcomers_and_closes_the_rest_at_its_deadline(
    fleet: Any, lobby: Any
) -> None:
    from websockets.exceptions import InvalidStatus

    [server] = fleet.start(1, CHESS_DRAIN_DEADLINE_SECONDS="2")
    white, _ = await lobby.pair(server, server)
    server.signal(signal.SIGTERM)
    await white.until("serverRestart")
    with pytest.raises(InvalidStatus) as refused:
        await lobby.enter(server)
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["Retry-After"] == "1"
    assert b'"code":"draining"' in refused.value.response.body
    assert server.admin("/readyz")[0] == 503
    assert server.admin("/livez")[0] == 200
    with pytest.raises(ConnectionClosed) as closed:
        await white.until_ply(99)
    assert closed.value.rcvd.code == 1012
    assert await asyncio.to_thread(server.process.wait, 60) == 0


async def test_a_drain_ordered_by_a_mark_can_be_taken_back(fleet: Any, lobby: Any) -> None:
    from redis.asyncio import Redis

    from chess_presence.registry import Registry

    [server] = fleet.start(1)
    white, _ = await lobby.pair(server, server)
    async with Redis.from_url(fleet.redis.url) as client:
        registry = Registry(client, fleet.cluster_uid)
        await _record(registry, server.name, lambda record: (record.connections, record.games) == (2, 1))
        now_ms = (await registry.read()).now_ms
        began = time.monotonic()
        await registry.mark(server.name, now_ms + 60_000)
        await _record(registry, server.name, lambda record: record.draining)
        assert time.monotonic() - began < 4
        assert server.admin("/readyz")[0] == 200
        await white.until("serverRestart")
        await registry.unmark(server.name)
        await _record(registry, server.name, lambda record: not record.draining)
        _, socket = await lobby.enter(server)
        assert socket.state.name == "OPEN"


async def test_sigterm_drains_in_full_after_a_drain_that_ended_and_was_taken_back(
    fleet: Any, lobby: Any
) -> None:
    from redis.asyncio import Redis

    from chess_presence.registry import Registry

    [server] = fleet.start(1, CHESS_DRAIN_DEADLINE_SECONDS="3")
    async with Redis.from_url(fleet.redis.url) as client:
        registry = Registry(client, fleet.cluster_uid)
        _, first = await lobby.enter(server, None)
        await registry.mark(server.name, (await registry.read()).now_ms)
        await asyncio.wait_for(first.wait_closed(), 60)
        await _record(registry, server.name, lambda record: record.connections == 0)
        await registry.unmark(server.name)
        await _record(registry, server.name, lambda record: not record.draining)
    white, _ = await lobby.pair(server, server)
    server.signal(signal.SIGTERM)
    assert await white.until("serverRestart") == {"delayMs": 0, "jitterMs": 500}
    with pytest.raises(ConnectionClosed) as closed:
        await white.until_ply(99)
    assert closed.value.rcvd is not None, "cut without a close"
    assert closed.value.rcvd.code == 1012
    assert await asyncio.to_thread(server.process.wait, 60) == 0


async def _record(registry: Any, uid: Any, condition: Any, seconds: Any = 60.0) -> None:
    async def reached() -> bool:
        return bool(condition((await registry.read()).records[uid]))

    await eventually(reached, f"the record of {uid}", within=seconds, every=0.02)


async def test_a_full_server_refuses_with_a_reason(fleet: Any, lobby: Any) -> None:
    from websockets.exceptions import InvalidStatus

    [server] = fleet.start(1, CHESS_MAX_CONNECTIONS="2")
    await lobby.enter(server, None)
    await lobby.enter(server, None)
    with pytest.raises(InvalidStatus) as refused:
        await lobby.enter(server, None)
    assert refused.value.response.status_code == 503
    assert b"holds 2 connections already" in refused.value.response.body
