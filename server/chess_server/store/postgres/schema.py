"""The database's schema: a plain question whether it is up to date, alembic only when it is not.

alembic and SQLAlchemy cost half a second of CPU to import; a server that starts on a current schema never does.
"""

from typing import Any

import psycopg

HEAD = "0001"
LOCK = 0x43484553
"""The advisory lock under which one server migrates and the others wait."""


def current(url: str, settings: dict[str, Any]) -> str | None:
    """Name the schema's revision; None for an empty database. Raises psycopg.Error."""
    with psycopg.connect(url, **settings) as connection:
        found = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
        if found is None or found[0] is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])


def upgrade(url: str, settings: dict[str, Any]) -> None:
    """Bring the schema up to date, one server at a time. Raises psycopg.Error."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    patient = {**settings, "autocommit": False, "options": "-c statement_timeout=60000 -c lock_timeout=60000"}
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url, **patient), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", "chess_server.store.postgres:migrations")
    try:
        with engine.connect() as connection, connection.begin():
            connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise error.orig or error from None


def is_newer(revision: str | None) -> bool:
    """Whether a newer server has been here: its schema is left alone."""
    return revision is not None and revision > HEAD
