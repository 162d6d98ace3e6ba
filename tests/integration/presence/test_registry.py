"""The registry on a real Redis, compared step by step with a model of it."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from polling import eventually
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from chess_localcluster.stores.redis import start_redis
from chess_localcluster.stores.temporary import temporary_redis
from chess_presence import keys
from chess_presence.records import Heartbeat, Reading
from chess_presence.registry import Registry, read_many

pytestmark = pytest.mark.integration

UID = "11111111-cluster"


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


def connections(reading: Reading | ResponseError) -> dict[str, int]:
    assert isinstance(reading, Reading)
    return {uid: record.connections for uid, record in reading.records.items()}


class RegistryModel(RuleBasedStateMachine):
    """Beats, leaves, orders, passing time and lost data in any sequence. To let time pass, scores are moved."""

    url: str
    pods = st.sampled_from(["p1", "p2", "p3"])

    @initialize()
    def connect(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = Redis.from_url(self.url)
        self.run(self.client.flushall())
        self.registry = Registry(self.client, UID, ttl_seconds=100)
        self.count: dict[str, int] = {}
        self.left_ms: dict[str, int] = {}
        self.order: dict[str, int] = {}

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    @rule(pod=pods, count=st.integers(0, 3000))
    def beat(self, pod: str, count: int) -> None:
        beat = self.run(self.registry.beat(Heartbeat(uid=pod, connections=count)))
        self.count[pod], self.left_ms[pod] = count, 100_000
        assert beat.drain_deadline_ms == (self.order.get(pod) or None)
        assert beat.taken_back == (self.order.get(pod) == 0)

    @rule(pod=pods)
    def leave(self, pod: str) -> None:
        assert self.run(self.registry.leave(pod)) == (pod in self.count)
        self.count.pop(pod, None)
        self.order.pop(pod, None)

    @rule(pod=pods, deadline=st.integers(1, 2**50))
    def mark(self, pod: str, deadline: int) -> None:
        self.run(self.registry.mark(pod, deadline))
        self.order[pod] = deadline

    @rule(pod=pods)
    def unmark(self, pod: str) -> None:
        self.run(self.registry.unmark(pod))
        self.order[pod] = 0

    @rule(ms=st.sampled_from([1_000, 30_000, 60_000, 120_000]))
    def time_passes(self, ms: int) -> None:
        for pod in list(self.count):
            self.run(self.client.zincrby(keys.expiry(UID), -ms, pod))
            self.left_ms[pod] -= ms
            if self.left_ms[pod] <= 0:
                del self.count[pod]
        self.read_agrees()

    @rule()
    def redis_forgets(self) -> None:
        self.run(self.client.flushall())
        self.count, self.order = {}, {}

    @invariant()
    def read_agrees(self) -> None:
        reading = self.run(self.registry.read())
        assert {uid: record.connections for uid, record in reading.records.items()} == self.count
        assert (reading.next_expiry_ms is None) == (not self.count)
        assert self.run(self.registry.orders()) == self.order

    def teardown(self) -> None:
        self.run(self.client.aclose())
        self.loop.close()


def test_the_registry_agrees_with_its_model(redis_url: str) -> None:
    RegistryModel.url = redis_url
    run_state_machine_as_test(
        RegistryModel, settings=settings(max_examples=40, stateful_step_count=25, deadline=None)
    )


async def test_a_beat_wakes_the_reader(client: Redis) -> None:
    pubsub = client.pubsub()
    await pubsub.subscribe(keys.census_channel(UID))
    registry = Registry(client, UID)
    await registry.beat(Heartbeat(uid="p1", connections=1))
    await registry.leave("p1")
    heard: list[bytes] = []
    while len(heard) < 2:
        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=60)
        if message:
            heard.append(message["data"])
    assert heard == [b"p1 1 0 1 0", b"p1"]
    await pubsub.aclose()


async def test_an_order_reaches_its_pod(client: Redis) -> None:
    pubsub = client.pubsub()
    await pubsub.ssubscribe(keys.orders_channel(UID))
    await Registry(client, UID).mark("p1", 123)
    message = None
    while message is None:
        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=60)
    assert message["data"] == b"p1"
    await pubsub.aclose()


async def test_clusters_on_one_endpoint_are_read_at_once_and_do_not_mix(client: Redis) -> None:
    for cluster, count in {"c1": 1, "c2": 2}.items():
        await Registry(client, cluster).beat(Heartbeat(uid="p", connections=count))
    readings = await read_many(client, ["c1", "c2", "nobody"])
    assert {uid: connections(reading) for uid, reading in readings.items()} == {
        "c1": {"p": 1},
        "c2": {"p": 2},
        "nobody": {},
    }


async def test_a_cluster_whose_keys_have_another_type_does_not_affect_others(client: Redis) -> None:
    await Registry(client, "good").beat(Heartbeat(uid="p", connections=1))
    await client.set(keys.records("bad"), "no hash")
    readings = await read_many(client, ["bad", "good"])
    assert connections(readings["good"]) == {"p": 1}
    assert isinstance(readings["bad"], ResponseError)
    assert "WRONGTYPE" in str(readings["bad"])


async def test_a_uid_that_is_not_text_is_named_and_does_not_affect_others(client: Redis) -> None:
    registry = Registry(client, UID)
    await registry.beat(Heartbeat(uid="good", connections=2))
    await client.hset(keys.records(UID), b"\xff", b"{}")
    reading = await registry.read()
    assert (set(reading.records), reading.unreadable) == ({"good"}, frozenset({"\ufffd"}))


async def test_an_unreadable_record_is_named_and_does_not_affect_others(client: Redis) -> None:
    registry = Registry(client, UID)
    await registry.beat(Heartbeat(uid="good", connections=2))
    await client.hset(keys.records(UID), "bad", "{nonsense")
    reading = await registry.read()
    assert (set(reading.records), reading.unreadable) == ({"good"}, frozenset({"bad"}))


async def test_pods_with_wrong_clocks_expire_by_redis_clock(client: Redis) -> None:
    registry = Registry(client, UID, ttl_seconds=1)
    await registry.beat(Heartbeat(uid="future", connections=1, started_at=2**50))
    await registry.beat(Heartbeat(uid="past", connections=1, started_at=0))
    assert set((await registry.read()).records) == {"future", "past"}

    async def nobody() -> bool:
        return not (await registry.read()).records

    await eventually(nobody, "its record expired")


async def test_a_record_from_before_the_clock_was_set_back_ends_within_its_ttl(client: Redis) -> None:
    registry = Registry(client, UID, ttl_seconds=1)
    for uid in ("dead", "alive"):
        await registry.beat(Heartbeat(uid=uid, connections=1))
        await client.zincrby(keys.expiry(UID), 3_600_000, uid)
    reading = await registry.read()
    assert set(reading.records) == {"dead", "alive"}
    assert reading.next_expiry_ms is not None
    assert reading.next_expiry_ms <= reading.now_ms + 1000

    async def only_the_living() -> bool:
        await registry.beat(Heartbeat(uid="alive", connections=1))
        [read] = (await read_many(client, [UID])).values()
        return set(connections(read)) == {"alive"}

    await eventually(only_the_living, "the other record expired")


WRITER = """
import asyncio, sys
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from chess_presence.records import Heartbeat, Reading
from chess_presence.registry import Registry
async def main():
    registry = Registry(Redis.from_url(sys.argv[1]), sys.argv[2], ttl_seconds=1)
    while True:
        await registry.beat(Heartbeat(uid="mortal", connections=7))
        await asyncio.sleep(0.2)
asyncio.run(main())
"""


async def test_a_killed_writer_leaves_the_count_within_its_ttl_and_a_second(
    client: Redis, redis_url: str
) -> None:
    writer = await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, redis_url, UID)
    registry = Registry(client, UID)

    async def there() -> bool:
        return "mortal" in (await registry.read()).records

    async def gone() -> bool:
        return not await there()

    await eventually(there, "the writer has a record", within=60)
    writer.kill()
    await writer.wait()
    await eventually(gone, "its record has gone", within=10)


async def test_the_registry_goes_on_after_redis_was_killed_and_came_back_empty() -> None:
    with temporary_redis() as store:
        client = Redis.from_url(store.url)
        registry = Registry(client, UID)
        await registry.beat(Heartbeat(uid="p1", connections=5))
        await registry.mark("p1", 99)
        store.signal(signal.SIGKILL)
        with pytest.raises(RedisConnectionError):
            await registry.read()
        port = client.connection_pool.connection_kwargs["port"]
        revived = await asyncio.to_thread(start_redis, store.directory, "127.0.0.1", port)
        try:
            assert (await registry.read()).records == {}
            beat = await registry.beat(Heartbeat(uid="p1", connections=5))
            assert (beat.drain_deadline_ms, beat.taken_back) == (None, False), "no order is no news"
            assert (await registry.read()).records["p1"].connections == 5
        finally:
            await client.aclose()
            revived.signal(signal.SIGTERM)


async def test_every_key_of_a_deleted_cluster_expires(client: Redis) -> None:
    registry = Registry(client, UID, ttl_seconds=0.05)
    await registry.beat(Heartbeat(uid="p1", connections=1))

    async def nothing() -> bool:
        return not await client.keys("*")

    await eventually(nothing, "nothing is left", within=60)
