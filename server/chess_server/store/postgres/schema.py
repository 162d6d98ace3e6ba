"""The database's schema: a query for its revision, and alembic only if it is too old.

To import alembic and SQLAlchemy takes half a second of CPU; a server that starts on a current schema never does.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import structlog

from chess_server.store.classification import from_postgresql
from chess_server.store.errors import SchemaError
from chess_server.store.postgres.statements import LIMITS

PATIENT_LIMITS = "SET LOCAL statement_timeout = 60000; SET LOCAL lock_timeout = 60000"
QUICK_LOCKS_MS = 1500
"""For the tables: whoever wants to write to one queues behind a migration that waits for it. It is tried again.

Longer than PostgreSQL's `deadlock_timeout` (1 s), after which an autovacuum gives way.
"""

log = structlog.get_logger(__name__)

HEAD = "0003"
LOCK = 0x43484553
"""The advisory lock under which one server migrates while the others wait."""


def current(url: str, settings: dict[str, Any]) -> str | None:
    """Read the schema's revision; None for an empty database. Raises UnavailableError."""
    with _reached(), psycopg.connect(url, **settings) as connection, connection.transaction():
        connection.execute(LIMITS)
        found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if found is None or found[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])


def upgrade(url: str, settings: dict[str, Any]) -> None:
    """Bring the schema up to date, one server at a time. Raises UnavailableError."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    patient = {**settings, "autocommit": False}
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url, **patient), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", "chess_server.store.postgres:migrations")
    try:
        with _reached(), engine.connect() as connection, connection.begin():
            connection.execute(text(PATIENT_LIMITS))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            connection.execute(text(f"SET LOCAL lock_timeout = {QUICK_LOCKS_MS}"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        with _reached():
            raise error.orig or error from None


def ensure(url: str, settings: dict[str, Any], *, may_migrate: bool) -> None:
    """Migrate the schema if it is too old. Raises SchemaError if it must not be migrated, UnavailableError."""
    revision = current(url, settings)
    if revision == HEAD or is_newer(revision):
        return
    if not may_migrate:
        raise SchemaError(
            f"the database's schema is {f'at {revision}' if revision else 'empty'}, this version needs {HEAD}; "
            "run `chess-server migrate` or set CHESS_MIGRATE=auto"
        )
    upgrade(url, settings)
    log.info("schema migrated", before=revision, after=HEAD)


def is_newer(revision: str | None) -> bool:
    """Whether a newer server has migrated the schema: it is left as it is."""
    return revision is not None and revision > HEAD


@contextlib.contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        raise from_postgresql(error) from error
