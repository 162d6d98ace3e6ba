"""A Redis that a test may maim, and calls to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from chess_localcluster.stores.redis import redis_url
from chess_localcluster.stores.store import Store
from chess_localcluster.stores.temporary import temporary_redis
from chess_server.store.redis.bus import Bus
from chess_server.store.redis.calls import Calls
from chess_server.store.redis.endpoint import RedisEndpoint


@dataclass
class Reached:
    """A Redis as a server reaches it; `file` holds the URL."""

    endpoint: RedisEndpoint
    client: Redis
    calls: Calls
    bus: Bus
    file: Path
    demotions: list[str] = field(default_factory=list)

    def rewrite(self, **parts: str) -> None:
        """Rewrite the file, as Kubernetes does when a Secret has changed."""
        port = urlsplit(self.file.read_text()).port
        self.file.write_text(redis_url("127.0.0.1", port or 0, parts["password"]))


@contextlib.asynccontextmanager
async def reached(directory: Path, url: str, port: int | None = None) -> AsyncIterator[Reached]:
    """Reach a Redis, by another port than its own if one is given."""
    known = urlsplit(url)
    file = directory / "redis.url"
    file.write_text(redis_url("127.0.0.1", port or known.port or 0, known.password or ""))
    endpoint = RedisEndpoint(file.read_text(), None, str(file))
    client = endpoint.client()
    calls = Calls(endpoint.topology(client), endpoint.open)
    made = Reached(endpoint, client, calls, Bus(calls.topology.of, endpoint.open), file)
    calls.on_demoted = lambda: made.demotions.append("demoted")
    try:
        yield made
    finally:
        await made.bus.stop()
        await calls.close()
        await client.aclose()
        await asyncio.sleep(0)


@pytest.fixture
def stores() -> Iterator[list[Store]]:
    """Two Redis servers that are gone after the test."""
    with temporary_redis() as one, temporary_redis() as other:
        yield [one, other]


@pytest.fixture
async def redis_there(redis_server: Any, tmp_path: Path) -> AsyncIterator[Reached]:
    """The Redis that all tests share."""
    async with reached(tmp_path, redis_server.url) as made:
        yield made
