"""A PostgreSQL that follows another has each commit, and takes its place."""

import psycopg
from polling import wait_until

from chess_bench.server import standby
from chess_bench.server.stores import stores
from chess_localcluster.machine import ports
from chess_localcluster.stores.store import stop


def test_what_was_committed_is_there_after_a_failover() -> None:
    with stores() as both:
        directory = both.directory / "standby"
        second = standby.follow(both.postgres, directory, ports.free_port())
        try:
            with psycopg.connect(both.postgres.store.url, autocommit=True) as connection:
                connection.execute("CREATE TABLE kept (n integer)")
                connection.execute("INSERT INTO kept VALUES (7)")
            both.postgres.kill()
            standby.promote(second, both.postgres)
            wait_until(lambda: writable(second.store.url), "the standby takes writes", within=60)
            with psycopg.connect(second.store.url) as connection:
                assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
        finally:
            stop(second.store)


def writable(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
