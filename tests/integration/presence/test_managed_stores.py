"""Presence on Redis with TLS and on a Redis Cluster, written as a server does and read as the operator does."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from managed_stores import Authority, Given, redis_cluster, tls_redis

from chess_operator.census.reader import Endpoint, PresenceError, PresenceReader
from chess_presence import connecting
from chess_presence.records import Heartbeat
from chess_presence.registry import Registry

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", params=["tls", "cluster", "tls-cluster"])
def given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    with contextlib.ExitStack() as stack:
        if request.param == "tls":
            yield stack.enter_context(tls_redis(authority))
        else:
            secured = authority if request.param == "tls-cluster" else None
            yield stack.enter_context(redis_cluster(secured)).given


def _endpoint(given: Given) -> Endpoint:
    return Endpoint(url=given.url, ca=given.ca.read_text() if given.ca else None)


async def test_heartbeats_wake_the_operator_and_are_read_together(given: Given) -> None:
    reader = PresenceReader(_endpoint(given))
    woken = {uid: asyncio.Event() for uid in ("one", "two", "three")}  # on nodes of their own, most likely
    for uid, event in woken.items():
        reader.watch(uid, event.set)
    reader.start()
    async with asyncio.timeout(60):
        await asyncio.gather(*(event.wait() for event in woken.values()))
    tls = {"ssl_ca_certs": str(given.ca)} if given.ca else {}
    async with connecting.client(given.url, **tls) as client:
        for count, (uid, event) in enumerate(woken.items()):
            event.clear()
            await Registry(client, uid).beat(Heartbeat(uid="pod", connections=count))
        async with asyncio.timeout(60):
            await asyncio.gather(*(event.wait() for event in woken.values()))
        readings = await asyncio.gather(*(reader.read(uid) for uid in woken))
        assert [reading.records["pod"].connections for reading in readings] == [0, 1, 2]
        await reader.mark("two", "pod", 123)
        assert await Registry(client, "two").orders() == {"pod": 123}
        await reader.clear("two")
        assert await Registry(client, "two").orders() == {}
    await reader.stop()


async def test_a_certificate_of_another_authority_is_refused(given: Given, tmp_path: Path) -> None:
    if given.ca is None:
        pytest.skip("no TLS here")
    reader = PresenceReader(Endpoint(url=given.url, ca=Authority(tmp_path).ca.read_text()))
    with pytest.raises(PresenceError, match=r"(?i)certificate"):
        await reader.read("one")
    await reader.stop()
