"""The databases of two servers on a real PostgreSQL."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from stored_games import a_server

from chess_localcluster.plan import LOOPBACK
from chess_localcluster.stores.temporary import temporary_postgres
from chess_server.store.postgres import schema
from chess_server.store.postgres.database import Database
from chess_server.store.postgres.sessions import connection_settings


@pytest.fixture(scope="session")
def url(postgres: Any) -> str:
    schema.ensure(postgres.url, connection_settings(None), may_migrate=True)
    return str(postgres.url)


@pytest.fixture
def ask(url: str) -> Callable[..., list[tuple[Any, ...]]]:
    def query(sql: str, *values: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(url, autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    return query


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    async with a_server(lambda: url) as made:
        yield made.database


@pytest.fixture
async def other(url: str) -> AsyncIterator[Database]:
    """A second server's."""
    async with a_server(lambda: url) as made:
        yield made.database


@pytest.fixture(scope="session")
def own() -> Iterator[Any]:
    """A PostgreSQL that these tests alone use, with the schema."""
    with temporary_postgres() as store:
        schema.ensure(store.url, connection_settings(None), may_migrate=True)
        yield store


@pytest.fixture(scope="session")
def superuser(own: Any) -> str:
    """Return the URL by which a superuser connects to the servers' database."""
    secret, port = (own.directory / "superuser-password").read_text(), urlsplit(own.url).port
    return f"postgresql://postgres:{secret}@{LOOPBACK}:{port}{urlsplit(own.url).path}"


@pytest.fixture
def order(superuser: str) -> Callable[..., None]:
    """What a superuser orders."""

    def execute(*orders: str) -> None:
        with psycopg.connect(superuser, autocommit=True) as connection:
            for sql in orders:
                connection.execute(sql.encode())

    return execute
