"""A store that is full answers, and takes no writes: no clock runs, no move is lost, and probes say why."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest
import redis
import structlog
from openings import OPENING, play
from polling import wait_until

from chess_localcluster.stores.temporary import temporary_redis

log = structlog.get_logger(__name__)

pytestmark = pytest.mark.integration

STOPPED_SECONDS = 4.0
SPARE_SECONDS = 1.5
"""Until a server notices, and until it notices the end."""


@pytest.fixture(scope="module")
def full_fleet(make_fleet: Any) -> Iterator[Any]:
    with temporary_redis() as store, make_fleet("full", store) as made:
        made.start(1, CHESS_STORE_GRACE_SECONDS="1")
        yield made


@contextlib.contextmanager
def redis_memory(fleet: Any) -> Iterator[None]:
    with redis.Redis.from_url(fleet.redis.url) as admin:
        admin.config_set("maxmemory", 1)
        yield
        admin.config_set("maxmemory", 0)


@contextlib.contextmanager
def redis_disk(fleet: Any) -> Iterator[None]:
    """A snapshot cannot be written where a directory stands in its place; Redis then takes no writes."""
    obstacle = fleet.redis.directory / "data" / "dump.rdb"
    obstacle.unlink(missing_ok=True)
    obstacle.mkdir()
    with redis.Redis.from_url(fleet.redis.url) as admin:
        admin.config_set("save", "3600 1")
        admin.bgsave()
        wait_until(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "err", "it fails")
        yield
        obstacle.rmdir()
        admin.config_set("save", "")
        admin.bgsave()
        wait_until(lambda: admin.info("persistence")["rdb_last_bgsave_status"] == "ok", "it succeeds")


@contextlib.contextmanager
def postgresql_disk(fleet: Any) -> Iterator[None]:
    with psycopg.connect(fleet.postgres.url, autocommit=True) as connection:
        connection.execute("""
            CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$""")
        connection.execute(
            "CREATE TRIGGER filling BEFORE INSERT ON moves FOR EACH ROW EXECUTE FUNCTION fill()"
        )
        try:
            yield
        finally:
            connection.execute("DROP TRIGGER filling ON moves")
            connection.execute("DROP FUNCTION fill()")


@pytest.mark.parametrize(
    "full, reason",
    [
        (redis_memory, "redis: OOM"),
        (redis_disk, "redis: MISCONF"),
        (postgresql_disk, "postgresql: could not extend file"),
    ],
)
async def test_a_full_store_stops_clocks_until_it_takes_writes(
    full_fleet: Any, lobby: Any, full: Callable[[Any], AbstractContextManager[None]], reason: str
) -> None:
    [server] = full_fleet.servers
    thinker, opponent = await lobby.pair(server, server, "1+0")
    mover, _ = await lobby.pair(server, server, "1+0")
    await play(thinker, opponent, OPENING[:2])
    turn_began = time.monotonic()
    with full(full_fleet):
        full_at = time.monotonic()
        pending = asyncio.create_task(mover.persist("e2e4"))
        await asyncio.to_thread(
            wait_until,
            lambda: server.admin("/readyz")[1].startswith(reason),
            lambda: server.admin("/readyz")[1],
        )
        assert server.admin("/livez")[0] == 200
        await asyncio.sleep(STOPPED_SECONDS - (time.monotonic() - full_at))  # how long it is full at least
        assert not pending.done()
        stopped = time.monotonic() - full_at
    ended_at = time.monotonic()
    await pending
    log.info(
        "acknowledged after the store takes writes", full=full.__name__, seconds=time.monotonic() - ended_at
    )
    await thinker.persist(OPENING[2])
    spent = time.monotonic() - turn_began
    left = thinker.events[-1]["d"]["clock"]["white"]
    assert 60 - left < spent - stopped + SPARE_SECONDS, "the outage was counted as thinking time"
    await opponent.until_ply(3)
    await asyncio.to_thread(full_fleet.wait_ready, [server])
    assert thinker.epoch == mover.epoch == 1
