"""The schema is brought up to date while servers of the version before play on it."""

import threading
import time
from collections.abc import Iterator

import psycopg
import pytest

from chess_localcluster.stores.temporary import temporary_postgres
from chess_server.store.errors import SaturatedError
from chess_server.store.postgres import schema
from chess_server.store.postgres.sessions import connection_settings

pytestmark = pytest.mark.integration

SETTINGS = connection_settings(None)
INSERT = """
INSERT INTO games (id, white_player, black_player, initial_seconds, increment_seconds, status)
VALUES (%s, 'white', 'black', 600, 0, 'started')
"""


@pytest.fixture
def before() -> Iterator[str]:
    """A database as the version before left it."""
    with temporary_postgres() as store:
        schema.ensure(store.url, SETTINGS, may_migrate=True)
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute("DROP VIEW pgns")
            connection.execute("DROP INDEX games_finished")
            connection.execute("UPDATE alembic_version SET version_num = '0001'")
        yield store.url


def test_nobody_waits_long_behind_a_migration_that_waits(before: str) -> None:
    refused: list[Exception] = []

    def migrate() -> None:
        try:
            schema.ensure(before, SETTINGS, may_migrate=True)
        except SaturatedError as error:
            refused.append(error)

    with psycopg.connect(before) as slow, psycopg.connect(before, autocommit=True) as player:
        slow.execute(INSERT, ["slow"])
        migrating = threading.Thread(target=migrate)
        migrating.start()
        longest = 0.0
        until = time.monotonic() + 40
        while migrating.is_alive() and time.monotonic() < until:
            began = time.monotonic()
            player.execute(INSERT, [f"{began:.9f}"])
            longest = max(longest, time.monotonic() - began)
        assert not migrating.is_alive(), "it waits while somebody writes"
        assert longest < 10
        assert refused, "as long as somebody holds the table"
        slow.rollback()
    schema.ensure(before, SETTINGS, may_migrate=True)
    assert schema.current(before, SETTINGS) == schema.HEAD


def test_a_migration_waits_long_enough_for_an_autovacuum_to_give_way(before: str) -> None:
    with psycopg.connect(before) as connection:
        found = connection.execute("SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout'")
        [deadlock_timeout_ms] = found.fetchone() or (0,)
    assert 0 < deadlock_timeout_ms < schema.QUICK_LOCKS_MS
