"""Private Redis and PostgreSQL servers, as all integration tests use them."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chess_localcluster.plan import LOOPBACK
from chess_localcluster.stores.postgres import start_postgres
from chess_localcluster.stores.redis import start_redis
from chess_localcluster.stores.store import Store
from chess_localcluster.stores.temporary import temporary_postgres, temporary_redis

pytestmark = pytest.mark.integration
ONCE = Retry(NoBackoff(), 0)


@pytest.fixture(scope="module")
def redis_store() -> Iterator[Store]:
    with temporary_redis() as store:
        yield store


@pytest.fixture(scope="module")
def postgres_store() -> Iterator[Store]:
    with temporary_postgres() as store:
        yield store


def port_of(store: Store) -> int:
    return int(store.url.rpartition(":")[2].partition("/")[0])


def client(store: Store) -> redis.Redis:
    return redis.Redis.from_url(store.url, socket_timeout=0.5, retry=ONCE)


def test_redis_wants_the_password_and_evicts_nothing(redis_store: Store) -> None:
    with client(redis_store) as allowed:
        assert allowed.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    with (
        redis.Redis(host=LOOPBACK, port=port_of(redis_store), retry=ONCE) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


def test_a_stopped_redis_answers_nobody_until_it_goes_on(redis_store: Store) -> None:
    redis_store.signal(signal.SIGSTOP)
    with client(redis_store) as waiting, pytest.raises(redis.TimeoutError):
        waiting.ping()
    redis_store.signal(signal.SIGCONT)
    with client(redis_store) as served:
        assert served.ping()


def test_a_killed_redis_starts_empty_under_the_same_url(redis_store: Store) -> None:
    with client(redis_store) as before:
        before.set("move", "e2e4")
    redis_store.signal(signal.SIGKILL)
    again = start_redis(redis_store.directory, LOOPBACK, port_of(redis_store))
    assert again.url == redis_store.url
    assert again.pid != redis_store.pid
    with client(again) as after:
        assert after.dbsize() == 0


def test_a_killed_postgres_keeps_what_was_committed(postgres_store: Store) -> None:
    with psycopg.connect(postgres_store.url) as connection:
        connection.execute("CREATE TABLE moves (uci text)")
        connection.execute("INSERT INTO moves VALUES ('e2e4')")
    postgres_store.signal(signal.SIGKILL)
    again = start_postgres(postgres_store.directory, LOOPBACK, port_of(postgres_store), durable=False)
    with psycopg.connect(again.url) as connection:
        assert connection.execute("SELECT uci FROM moves").fetchall() == [("e2e4",)]


def test_the_role_is_as_on_a_managed_service(postgres_store: Store) -> None:
    query = "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
    with psycopg.connect(postgres_store.url) as connection:
        assert connection.execute(query).fetchone() == (False, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give servers users of their own")
def test_neither_server_runs_as_root() -> None:
    with temporary_redis() as first, temporary_postgres() as second:
        for store in (first, second):
            assert Path(f"/proc/{store.pid}").stat().st_uid != 0


def test_a_busy_postgres_is_not_disturbed_by_another_start() -> None:
    """Files come and go in a live data directory: whoever walks through it finds some of them gone."""
    stopped = threading.Event()

    def keep_busy(url: str) -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not stopped.is_set():
                connection.execute("CREATE TEMP TABLE passing AS SELECT generate_series(1, 10) AS n")
                connection.execute("DROP TABLE passing")

    with temporary_postgres() as store:
        busy = threading.Thread(target=keep_busy, args=(store.url,))
        busy.start()
        try:
            for _ in range(30):
                again = start_postgres(store.directory, LOOPBACK, port_of(store), durable=False)
                assert again.pid == store.pid
        finally:
            stopped.set()
            busy.join()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give servers users of their own")
def test_a_server_cannot_plant_links_where_root_writes() -> None:
    with temporary_redis() as first, temporary_postgres() as second:
        for store in (first, second):
            server = Path(f"/proc/{store.pid}").stat().st_uid
            theirs = [path for path in store.directory.iterdir() if path.stat().st_uid == server]
            assert [path.name for path in theirs] == ["data"]
            assert store.directory.stat().st_uid == 0
            assert store.directory.stat().st_mode & 0o022 == 0


def test_no_secret_is_in_an_argument_list(redis_store: Store, postgres_store: Store) -> None:
    secrets = [(store.directory / "password").read_text() for store in (redis_store, postgres_store)]
    assert all(len(secret) == 32 for secret in secrets)
    lines = [_read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert not [line for line in lines if any(secret in line for secret in secrets)]


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
