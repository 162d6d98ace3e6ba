"""The lobby's scripts on a real Redis: who is paired with whom, and what a killed server leaves behind."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from polling import eventually
from redis.asyncio import Redis

from chess_server.store.redis.bus import Bus
from chess_server.store.redis.calls import Calls
from chess_server.store.redis.endpoint import RedisEndpoint
from chess_server.store.redis.keys import Keys
from chess_server.store.redis.pools import Match, Pools, Redirect

pytestmark = pytest.mark.integration

POOL = "10+5"


class Healthy:
    """Stands in for `Health` while Redis answers: it only makes the call."""

    async def redis(self, call: Callable[[Any], Awaitable[Any]], what: Any) -> Any:
        return await call(what)


class Pod:
    """What a server has of the lobby: its scripts and a subscription to its channel."""

    def __init__(self, name: str, endpoint: RedisEndpoint, client: Redis, calls: Calls, keys: Keys) -> None:
        self.name = name
        self.client = client
        self.pools = Pools(calls, keys, Healthy(), name)  # type: ignore[arg-type]
        self.received: list[bytes] = []
        self._keys = keys
        self._bus = Bus(calls.topology.of, endpoint.open)

    async def listen(self) -> "Pod":
        await self._bus.subscribe(self._keys.lobby_channel(self.name), self.received.append)
        return self

    async def die(self) -> None:
        """End like a killed process: the connection is cut, and nothing is cleaned up."""
        await self._bus.stop()

    async def enter(self, sri: str, pool: str = POOL) -> Any:
        return await self.pools.enter(pool, sri, f"{self.name}|{sri}")

    async def stay(self, sri: str, pool: str = POOL) -> Any:
        return await self.pools.stay(pool, sri, f"{self.name}|{sri}")

    async def quit(self, sri: str) -> None:
        await self.pools.quit(sri, f"{self.name}|{sri}")

    async def seal(self, match: Match) -> bool:
        return await self.pools.seal(
            match, {match.sri: b"to " + match.sri.encode(), match.other: b"to other"}
        )


@pytest.fixture
async def pods(redis_server: Any) -> AsyncIterator[list[Pod]]:
    endpoint = RedisEndpoint(redis_server.url, None)
    client = endpoint.client()
    calls = Calls(endpoint.topology(client), endpoint.open)
    keys = Keys(uuid4().hex)
    made = [await Pod(name, endpoint, client, calls, keys).listen() for name in ("one", "two", "three")]
    yield made
    for pod in made:
        await pod.die()
    await calls.close()
    await client.aclose()


async def _gone(pod: Pod, other: Pod) -> None:
    """Kill a pod and wait until Redis has noticed: it does as soon as it reads the end of the socket."""
    await pod.die()
    channel = pod._keys.lobby_channel(pod.name)

    async def unsubscribed() -> bool:
        return not (await other.client.execute_command("PUBSUB", "SHARDNUMSUB", channel))[1]

    await eventually(unsubscribed, f"{pod.name} is not subscribed", within=60, every=0.01)


async def _received(pod: Pod, message: bytes) -> None:
    await eventually(lambda: pod.received == [message], f"{message!r} at {pod.name}", within=60, every=0.01)


async def test_two_are_promised_and_sealed_at_once(pods: list[Pod]) -> None:
    one, two, _ = pods
    assert await one.enter("ann") == "waiting"
    match = await two.enter("bob")
    assert (match.sri, match.other) == ("bob", "ann")
    assert await two.seal(match)
    await _received(one, b"ann\nto other")
    await _received(two, b"bob\nto bob")
    assert await one.stay("ann") == Redirect(b"to other")
    assert await one.pools.redirect_of("bob") == b"to bob"


async def test_a_promised_player_is_not_promised_again(pods: list[Pod]) -> None:
    one, two, three = pods
    await one.enter("ann")
    match = await two.enter("bob")
    assert await three.enter("cid") == "waiting"
    assert await one.stay("ann") == "waiting"
    assert await two.seal(match)
    assert await three.stay("cid") == "waiting"


async def test_one_sri_is_not_its_own_opponent(pods: list[Pod]) -> None:
    one, two, _ = pods
    assert await one.enter("ann") == "waiting"
    assert await two.enter("ann") == "waiting"


async def test_pools_do_not_mix_and_the_latest_counts(pods: list[Pod]) -> None:
    one, two, three = pods
    await one.enter("ann", "5+5")
    assert await two.enter("bob", POOL) == "waiting"
    await one.enter("ann", "3+3")
    assert await three.enter("cid", "5+5") == "waiting"
    assert (await three.enter("dan", "3+3")).other == "ann"


async def test_a_waiter_of_a_killed_server_is_not_paired(pods: list[Pod]) -> None:
    one, two, three = pods
    await one.enter("ann")
    await _gone(one, two)
    assert await two.enter("bob") == "waiting"
    assert (await three.enter("cid")).other == "bob"


async def test_a_server_killed_before_the_seal_leaves_both_waiting(pods: list[Pod]) -> None:
    doomed, two, three = pods
    await two.enter("ann")
    assert isinstance(await doomed.enter("bob"), Match)
    await _gone(doomed, two)
    assert await two.stay("ann") == "waiting"
    match = await three.enter("bob")
    assert (match.sri, match.other) == ("bob", "ann")
    assert await three.seal(match)


async def test_a_seal_that_comes_too_late_seals_nothing(pods: list[Pod]) -> None:
    slow, two, three = pods
    await two.enter("ann")
    late = await slow.enter("bob")
    await two.pools.leave("ann")
    assert not await slow.seal(late)
    assert await slow.pools.redirect_of("bob") is None
    assert (await three.enter("cid")).other == "bob", "the other waits on"


@pytest.mark.parametrize("killed", ["ann's", "bob's"])
async def test_no_player_is_sealed_to_one_whose_server_was_killed(pods: list[Pod], killed: str) -> None:
    one, two, three = pods
    await one.enter("ann")
    match = await two.enter("bob")
    dead, alive, who = (one, two, "bob") if killed == "ann's" else (two, one, "ann")
    await _gone(dead, three)
    assert not await three.seal(match)
    assert await alive.stay(who) == "waiting"
    assert (await three.enter("cid")).other == who


async def test_a_client_that_reconnects_to_another_server_keeps_its_promise(pods: list[Pod]) -> None:
    one, two, three = pods
    await one.enter("ann")
    match = await two.enter("bob")
    assert await three.enter("ann") == "waiting"
    assert await one.stay("ann") == "elsewhere"
    await one.quit("ann")
    assert await two.seal(match)
    await _received(three, b"ann\nto other")
    assert one.received == []


async def test_a_request_to_stop_ends_the_wait_that_another_socket_began(pods: list[Pod]) -> None:
    one, two, three = pods
    await one.enter("ann")
    assert await two.pools.leave("ann") == "elsewhere"
    assert await three.enter("bob") == "waiting"
    assert await one.stay("ann") == "elsewhere", "a half-dead socket does not wait on"
    assert (await two.enter("ann")).other == "bob", "but its client may wait again"


async def test_a_request_to_stop_that_comes_too_late_is_answered_with_the_redirect(pods: list[Pod]) -> None:
    one, two, _ = pods
    await one.enter("ann")
    assert await two.seal(await two.enter("bob"))
    assert await one.pools.leave("ann") == Redirect(b"to other")


async def test_a_closed_socket_ends_its_own_wait_only(pods: list[Pod]) -> None:
    one, two, three = pods
    await one.enter("ann")
    await two.enter("ann")
    await one.quit("ann")
    assert (await three.enter("bob")).other == "ann"
    await two.quit("ann")
    assert await three.enter("cid") == "waiting"


async def test_a_redirect_is_returned_until_it_is_followed(pods: list[Pod]) -> None:
    one, two, _ = pods
    await one.enter("ann")
    assert await two.seal(await two.enter("bob"))
    assert await two.enter("ann") == Redirect(b"to other")
    await one.pools.followed("ann", "another game")
    assert await two.enter("ann") == Redirect(b"to other")
    await one.pools.followed("ann", "other")
    assert await two.enter("ann") == "waiting"


async def test_forty_who_come_at_once_are_each_paired_once(pods: list[Pod]) -> None:
    paired: list[str] = []

    async def come(number: int) -> None:
        pod, sri = pods[number % 3], f"sri-{number:02d}"
        placed = await pod.enter(sri)
        while not isinstance(placed, Redirect):
            if isinstance(placed, Match) and await pod.seal(placed):
                paired.extend((placed.sri, placed.other))
            await asyncio.sleep(0.005)
            placed = await pod.stay(sri)

    async with asyncio.timeout(60):
        await asyncio.gather(*(come(number) for number in range(40)))
    assert sorted(paired) == [f"sri-{number:02d}" for number in range(40)]


@pytest.mark.parametrize("sealed", [False, True], ids=["waiting", "a seal that came too late"])
async def test_every_key_of_the_lobby_expires(pods: list[Pod], *, sealed: bool) -> None:
    one, two, three = pods
    await one.enter("ann")
    if sealed:
        match = await two.enter("bob")
        await three.pools.leave("ann")
        assert not await two.seal(match)
    await two.enter("cid", "3+3")
    client = one.client
    keys = [key async for key in client.scan_iter(match=f"chess:{{{one._keys.cluster_uid}-lobby}}:*")]
    assert keys
    assert all([await client.pttl(key) > 0 for key in keys])


async def test_what_a_wait_looks_like_is_the_same_in_every_version(pods: list[Pod]) -> None:
    """Two versions of the server share one lobby: what one writes, the other reads. Names are in the unit tests."""
    one, two, _ = pods
    client, keys = one.client, one._keys

    async def wait_of(sri: str) -> Any:
        return json.loads(await client.hget(keys.waits(), sri))

    await one.enter("ann")
    assert await wait_of("ann") == {"pool": POOL, "owner": "one|ann"}
    match = await two.enter("bob")
    waits = [await wait_of(sri) for sri in ("ann", "bob")]
    till = waits[0]["till"]
    assert waits == [
        {"pool": POOL, "owner": "one|ann", "token": match.token, "till": till},
        {"pool": POOL, "owner": "two|bob", "token": match.token, "till": till},
    ]
    assert match.token == "two|1"
    assert await two.seal(match)
    await _received(one, b"ann\nto other")
    assert await client.get(keys.redirect("ann")) == b"to other"


async def test_a_wait_that_another_version_wrote_is_paired(pods: list[Pod]) -> None:
    """Fields that this version does not know do not disturb it, and it keeps them."""
    one, two, _ = pods
    await one.enter("ann")
    newer = {"pool": POOL, "owner": "one|ann", "rating": 1500}
    await one.client.hset(one._keys.waits(), "ann", json.dumps(newer))
    assert await one.stay("ann") == "waiting"
    match = await two.enter("bob")
    assert json.loads(await one.client.hget(one._keys.waits(), "ann"))["rating"] == 1500
    assert match.other == "ann"
    assert await two.seal(match)
