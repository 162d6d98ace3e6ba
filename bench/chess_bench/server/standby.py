"""A PostgreSQL that follows another one, and takes its place: what a managed database does in another zone."""

import shutil
from pathlib import Path

import psycopg

from chess_bench.server.stores import Frail
from chess_localcluster.machine.commands import run
from chess_localcluster.machine.polling import wait_until
from chess_localcluster.plan import LOOPBACK
from chess_localcluster.stores.postgres import postgres_programs, start_postgres
from chess_localcluster.stores.store import as_user, ensure_directory, make_data, write_for

FOLLOW_SECONDS = 60.0


class StandbyError(RuntimeError):
    """It does not follow."""


def follow(primary: Frail, directory: Path, port: int) -> Frail:
    """Copy the primary, follow it, and let it wait for this copy at each commit."""
    secret = _superuser(primary)
    _allow_replication(primary)
    ensure_directory(directory)
    shutil.copy(primary.store.directory / "password", directory / "password")
    make_data(directory / "data", "postgres")
    source = f"host={LOOPBACK} port={primary.port} user=postgres password={secret}"
    program = str(postgres_programs() / "pg_basebackup")
    copy = (program, "-D", str(directory / "data"), "-R", "-X", "stream", "-c", "fast", "-d", source)
    run(*as_user("postgres"), *copy, cwd="/")
    standby = Frail(start_postgres(directory, LOOPBACK, port), start_postgres)
    _query(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
    _query(primary, "SELECT pg_reload_conf()")
    if not wait_until(lambda: _follows(primary), FOLLOW_SECONDS):
        raise StandbyError("the standby does not follow the primary")
    return standby


def promote(standby: Frail, secret_of: Frail) -> None:
    """Make the standby the primary; its superuser's password is the old one's."""
    _query(standby, "SELECT pg_promote()", _superuser(secret_of))


def _allow_replication(primary: Frail) -> None:
    rules = primary.store.directory / "pg_hba.conf"
    added = f"host replication all {LOOPBACK}/32 scram-sha-256\n"
    write_for("postgres", rules, rules.read_text() + added)
    _query(primary, "SELECT pg_reload_conf()")


def _follows(primary: Frail) -> bool:
    return _query(primary, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1


def _superuser(store: Frail) -> str:
    return (store.store.directory / "superuser-password").read_text()


def _query(store: Frail, statement: str, secret: str | None = None) -> object:
    where = f"host={LOOPBACK} port={store.port} user=postgres dbname=postgres"
    with psycopg.connect(where, password=secret or _superuser(store), autocommit=True) as connection:
        row = connection.execute(statement.encode()).fetchone() if "SELECT" in statement else None
        if row is None and "SELECT" not in statement:
            connection.execute(statement.encode())
        return row[0] if row else None
