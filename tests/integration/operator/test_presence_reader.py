"""One reader for all clusters on a Redis: woken by messages, and it notices a dead connection."""

import asyncio
import signal
import time

import pytest
from polling import eventually
from redis.asyncio import Redis

from chess_localcluster.stores.store import Store
from chess_operator.census.reader import Endpoint, PresenceError, PresenceReader, Readers
from chess_presence.records import Heartbeat
from chess_presence.registry import Registry

pytestmark = pytest.mark.integration


@pytest.fixture
async def readers() -> Readers:
    return Readers()


async def test_a_heartbeat_wakes_its_own_cluster_only(redis_store: Store, readers: Readers) -> None:
    mine, other = asyncio.Event(), asyncio.Event()
    endpoint = Endpoint(url=redis_store.url)
    reader = readers.join(endpoint, "one", mine.set)
    assert readers.join(endpoint, "two", other.set) is reader
    await eventually(lambda: mine.is_set() and other.is_set(), "subscribing wakes everybody once")
    mine.clear()
    other.clear()
    async with Redis.from_url(redis_store.url) as redis:
        await Registry(redis, "one").beat(Heartbeat(uid="p", connections=3))
        began = time.monotonic()
        await asyncio.wait_for(mine.wait(), 60)
        assert time.monotonic() - began < 1
    assert not other.is_set()
    reading = await reader.read("one")
    assert reading.records["p"].connections == 3
    await readers.stop()


async def test_reads_of_many_clusters_share_a_round_trip(redis_store: Store) -> None:
    reader = PresenceReader(Endpoint(url=redis_store.url))
    async with Redis.from_url(redis_store.url) as redis:
        for index in range(50):
            await Registry(redis, f"c{index}").beat(Heartbeat(uid="p", connections=index))
        await reader.read("c0")
        before = (await redis.info("clients"))["connected_clients"]
        readings = await asyncio.gather(*(reader.read(f"c{index}") for index in range(50)))
        after = (await redis.info("clients"))["connected_clients"]
    assert [one.records["p"].connections for one in readings] == list(range(50))
    assert after == before, "fifty reads opened more connections"
    await reader.stop()


async def test_a_frozen_redis_is_noticed_by_the_reader_and_by_the_listener(
    redis_store: Store, readers: Readers
) -> None:
    woken = asyncio.Event()
    reader = readers.join(Endpoint(url=redis_store.url), "one", woken.set)
    await asyncio.wait_for(woken.wait(), 60)
    woken.clear()
    redis_store.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        with pytest.raises(PresenceError, match=r"Redis at 127\.0\.0\.1:\d+"):
            await reader.read("one")
        assert time.monotonic() - began < 4
        # Nothing is published, nothing closes the connection: only the PING tells.
        await asyncio.wait_for(woken.wait(), 60)
    finally:
        redis_store.signal(signal.SIGCONT)
    woken.clear()
    await asyncio.wait_for(woken.wait(), 60)
    assert (await reader.read("one")).records == {}
    await readers.stop()


async def test_the_last_user_closes_the_reader(redis_store: Store, readers: Readers) -> None:
    endpoint = Endpoint(url=redis_store.url)
    readers.join(endpoint, "one", lambda: None)
    readers.join(endpoint, "two", lambda: None)
    await readers.leave(endpoint, "one")
    assert readers.oldest_run() is not None
    await readers.leave(endpoint, "two")
    assert readers.oldest_run() is None


async def test_a_wrong_password_is_reported_without_it(redis_store: Store) -> None:
    address = redis_store.url.rsplit("@", 1)[1]
    reader = PresenceReader(Endpoint(url=f"redis://:hunter2@{address}"))
    with pytest.raises(PresenceError) as caught:
        await reader.read("one")
    assert "hunter2" not in str(caught.value)
    await reader.stop()
