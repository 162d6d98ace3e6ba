"""Calls to a real Redis that restarts, forgets its scripts, cuts, stalls, changes its password or becomes a replica."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import redis
from polling import eventually
from redis import exceptions
from relay import relay

from chess_localcluster.stores.redis import start_redis
from chess_localcluster.stores.store import Store
from chess_presence.connecting import REDIS_ERRORS
from chess_server.store.errors import UnavailableError
from chess_server.store.health import Health, RedisTime
from chess_server.store.redis import endpoint as module
from chess_server.store.redis.calls import Calls, command, script
from chess_server.store.redis.nodes import Nodes

from .conftest import Reached, reached

pytestmark = pytest.mark.integration

SOON = 20.0


def _due(bucket: str) -> Any:
    return script("claim", [bucket], [1000, 10, 60_000])


def _ask(store: Store, *words: Any) -> Any:
    with redis.Redis.from_url(store.url) as client:
        return client.execute_command(*words)


def _port(store: Store) -> int:
    port = urlsplit(store.url).port
    assert port is not None
    return port


async def _answers(calls: Calls) -> bool:
    return bool(await calls.one(command("SET", f"alive-{uuid4().hex}", "1", "EX", 5)) == b"OK")


async def _back(calls: Calls) -> None:
    await eventually(partial(_answers, calls), "Redis takes writes", within=SOON, ignoring=REDIS_ERRORS)


async def _refused(work: Callable[[], Awaitable[Any]], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await work()


async def test_two_thousand_at_once_share_one_connection(redis_server: Any, tmp_path: Path) -> None:
    async with (
        relay(_port(redis_server)) as between,
        reached(tmp_path, redis_server.url, between.port) as there,
    ):
        key = uuid4().hex
        asked = (there.calls.one(command("HINCRBY", key, "n", 1)) for _ in range(2000))
        assert sorted(await asyncio.gather(*asked)) == list(range(1, 2001))
        assert await there.calls.one(command("DEL", key)) == 1
        assert between.accepted == 1


async def test_callers_that_leave_do_not_disturb_the_others(redis_there: Reached) -> None:
    calls, key = redis_there.calls, uuid4().hex
    await _answers(calls)  # from here on, calls are sent before they can be cancelled
    tasks = [
        asyncio.create_task(calls.one(command("SET", f"{key}{n}", n, "EX", 9, "GET"))) for n in range(200)
    ]
    again = [asyncio.create_task(calls.one(command("GET", f"{key}{n}"))) for n in range(200)]
    await asyncio.sleep(0)
    for task in [*tasks[::3], *again[::2]]:
        task.cancel()
    kept = [task for n, task in enumerate(again) if n % 2]
    assert await asyncio.gather(*kept) == [b"%d" % n for n in range(200) if n % 2]


async def test_a_script_that_redis_has_lost_is_sent_along(redis_there: Reached) -> None:
    calls = redis_there.calls
    bucket = uuid4().hex
    assert await calls.one(_due(bucket)) == []
    await redis_there.client.script_flush()
    assert await calls.one(_due(bucket)) == []
    await redis_there.client.script_flush()
    assert await calls.many([_due(bucket), _due(bucket)]) == [[], []]


async def test_an_error_reply_is_raised_and_the_connection_kept(redis_there: Reached) -> None:
    calls, key = redis_there.calls, uuid4().hex
    await calls.one(command("SET", key, "text", "EX", 9))
    number = await calls.at("", ("CLIENT", "ID"))
    await _refused(lambda: calls.one(command("HGET", key, "field")), exceptions.ResponseError)
    await _refused(
        lambda: calls.many([command("GET", key), command("HGET", key, "f")]), exceptions.ResponseError
    )
    assert await calls.one(command("GET", key)) == b"text"
    assert await calls.at("", ("CLIENT", "ID")) == number


async def test_killed_clients_are_back_with_the_next_call(redis_there: Reached, redis_server: Any) -> None:
    await _answers(redis_there.calls)
    _ask(redis_server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    await _back(redis_there.calls)


async def test_a_redis_that_was_killed_is_back_when_it_is(stores: list[Store], tmp_path: Path) -> None:
    store = stores[0]
    async with reached(tmp_path, store.url) as there:
        await _answers(there.calls)
        store.signal(signal.SIGKILL)
        for _ in range(5):
            await _refused(lambda: there.calls.one(_due("x")), exceptions.ConnectionError)
        await asyncio.to_thread(start_redis, store.directory, "127.0.0.1", _port(store))
        await _back(there.calls)


async def test_a_stalled_network_ends_the_connection_and_no_reply_comes_late(
    redis_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.3)
    async with (
        relay(_port(redis_server)) as between,
        reached(tmp_path, redis_server.url, between.port) as there,
    ):
        calls, key = there.calls, uuid4().hex
        await calls.one(command("SET", key, "late", "EX", 60))
        between.stall()
        await _refused(lambda: calls.one(command("GET", key)), exceptions.TimeoutError)
        between.resume()
        await _back(calls)
        assert await calls.one(command("GET", f"{key}-none")) is None


@pytest.mark.parametrize("how", ["requirepass", "acl"])
async def test_a_rotated_password_is_used_as_soon_as_the_file_has_it(
    stores: list[Store], tmp_path: Path, how: str
) -> None:
    store = stores[0]
    async with reached(tmp_path, store.url) as there:
        heard: list[bytes] = []
        await there.bus.subscribe("news", heard.append)
        await _answers(there.calls)
        await there.client.ping()
        if how == "requirepass":
            _ask(store, "CONFIG", "SET", "requirepass", "rotated")
        else:
            _ask(store, "ACL", "SETUSER", "default", "resetpass", ">rotated")
        assert await _answers(there.calls), "an open connection carries play on"
        with redis.Redis(port=_port(store), password="rotated") as admin:
            admin.execute_command("CLIENT", "KILL", "TYPE", "normal")
            admin.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

            async def refused() -> bool:
                try:
                    await there.calls.one(_due("x"))
                except exceptions.AuthenticationError:
                    return True
                except exceptions.ConnectionError:
                    return False
                return False

            await eventually(refused, "the old password is refused", within=SOON)
            there.rewrite(password="rotated")
            await _back(there.calls)
            await eventually(there.client.ping, "the heartbeat's client", within=SOON, ignoring=REDIS_ERRORS)
            await eventually(
                lambda: admin.execute_command("SPUBLISH", "news", "again"), "a subscriber", within=SOON
            )
            await eventually(lambda: heard == [b"again"], "what was published", within=SOON)


async def test_a_file_that_cannot_be_read_changes_nothing(redis_server: Any, tmp_path: Path) -> None:
    async with reached(tmp_path, redis_server.url) as there:
        for text in ("", "http://elsewhere", None):
            there.file.unlink() if text is None else there.file.write_text(text)
            there.calls.demoted("")  # the next call connects again
            assert await _answers(there.calls)


async def test_a_demoted_primary_is_left_for_the_new_one(stores: list[Store], tmp_path: Path) -> None:
    old, new = stores
    _ask(new, "CONFIG", "SET", "requirepass", urlsplit(old.url).password)
    async with relay(_port(old)) as name, reached(tmp_path, old.url, name.port) as there:
        health = Health(Nodes(there.calls), RedisTime())
        await health.probe()
        await there.bus.subscribe("news", lambda _: None)
        await there.client.ping()
        with redis.Redis(port=_port(new), password=urlsplit(old.url).password) as admin:
            _ask(old, "CONFIG", "SET", "masterauth", urlsplit(old.url).password)
            _ask(old, "REPLICAOF", "127.0.0.1", _port(new))
            name.target = _port(new)

            async def moved() -> bool:
                await health.probe()
                return bool(await _answers(there.calls) and admin.dbsize())

            await eventually(moved, "writes reach the new primary", within=SOON, ignoring=(Exception,))
        assert there.demotions


async def test_a_probe_says_that_a_server_is_a_replica(stores: list[Store], tmp_path: Path) -> None:
    one, other = stores
    async with reached(tmp_path, one.url) as there:
        nodes = Nodes(there.calls)
        assert set((await nodes.probe()).replids) == {""}
        _ask(one, "REPLICAOF", "127.0.0.1", _port(other))
        await _refused(nodes.probe, exceptions.ReadOnlyError)
        await _refused(lambda: there.calls.one(command("SET", "a", "b")), exceptions.ReadOnlyError)
        assert len(there.demotions) == 2
        _ask(one, "REPLICAOF", "NO", "ONE")
        await nodes.probe()


@pytest.mark.parametrize(
    "order, values",
    [
        pytest.param("CONFIG SET min-replicas-to-write", ("1", "0"), id="without replicas"),
        pytest.param("CONFIG SET maxmemory", ("1", "0"), id="out of memory"),
        pytest.param("ACL SETUSER default", ("-evalsha", "+evalsha"), id="without a right"),
    ],
)
async def test_a_server_that_answers_readers_but_takes_no_writes_counts_as_failing(
    stores: list[Store], tmp_path: Path, order: str, values: tuple[str, str]
) -> None:
    broken, whole = ((*order.split(), value) for value in values)
    async with reached(tmp_path, stores[0].url) as there:
        health = Health(Nodes(there.calls), RedisTime())
        await health.probe()
        _ask(stores[0], *broken)
        for _ in range(3):
            await _refused(health.probe, UnavailableError)
        assert health.failing_seconds("redis") > 0
        assert health.redis_down, "nobody's clock runs meanwhile"
        _ask(stores[0], *whole)
        await health.probe()
        assert (health.failing_seconds("redis"), health.reason, health.redis_down) == (0, "", False)
