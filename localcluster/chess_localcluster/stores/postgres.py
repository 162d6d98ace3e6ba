"""PostgreSQL: data and its role's rights as on RDS."""

import secrets
import shutil
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.commands import run
from chess_localcluster.plan import LOOPBACK, POD_CIDR
from chess_localcluster.processes.component import Component
from chess_localcluster.processes.registry import Registry
from chess_localcluster.stores.store import (
    Store,
    as_user,
    ensure_directory,
    make_data,
    password,
    start,
    write_for,
)

POSTGRES_PROGRAMS = Path("/usr/lib/postgresql")
ROLE = "chess"


def postgres_url(host: str, port: int, password: str) -> str:
    """Return the URL for clients."""
    return f"postgresql://{ROLE}:{password}@{host}:{port}/{ROLE}"


def start_postgres(
    directory: Path, host: str, port: int, registry: Registry | None = None, *, durable: bool = True
) -> Store:
    """Start PostgreSQL with a database `chess`, or return the running one; `durable`: commits reach the disk."""
    ensure_directory(directory)
    secret = password(directory)
    programs = postgres_programs()
    data = directory / "data"
    if not data.exists():
        _make_database(programs, data, secret)
    configuration, entries = directory / "postgresql.conf", directory / "pg_hba.conf"
    write_for("postgres", configuration, postgres_configuration(host, port, durable=durable))
    write_for(
        "postgres",
        entries,
        f"host all all {LOOPBACK}/32 scram-sha-256\nhost all all {POD_CIDR} scram-sha-256\n",
    )
    places = ("-D", str(data), "-c", f"config_file={configuration}", "-c", f"hba_file={entries}")
    argv = (*as_user("postgres"), str(programs / "postgres"), *places)
    probe = (str(programs / "pg_isready"), "-h", host, "-p", str(port), "-q")
    process = start(Component(name="postgres", argv=argv, port=(host, port)), directory, registry, probe)
    return Store(name="postgres", process=process, url=postgres_url(host, port, secret), directory=directory)


def postgres_programs() -> Path:
    """Return the directory of the newest installed server."""
    found = [path.parent for path in POSTGRES_PROGRAMS.glob("*/bin/postgres")]
    if not found:
        raise ClusterError(
            f"PostgreSQL is not installed in {POSTGRES_PROGRAMS}: `localcluster setup` installs it"
        )
    return max(found, key=lambda path: float(path.parent.name))


def _make_database(programs: Path, data: Path, secret: str) -> None:
    """Make the database; as on RDS, the applications' role may create databases and roles and is not a superuser."""
    draft = data.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    make_data(draft, "postgres")
    user = as_user("postgres")
    options = (
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    )
    pwfile = data.with_name("superuser-password")
    write_for("postgres", pwfile, secrets.token_hex(16))
    run(*user, str(programs / "initdb"), "-D", str(draft), f"--pwfile={pwfile}", *options, cwd="/")
    statements = (
        f"CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{secret}'\n"
        f"CREATE DATABASE {ROLE} OWNER {ROLE}\n"
    )
    run(
        *user, str(programs / "postgres"), "--single", "-D", str(draft), "postgres", stdin=statements, cwd="/"
    )
    draft.rename(data)


def postgres_configuration(host: str, port: int, *, durable: bool) -> str:
    """Return postgresql.conf."""
    kept = "on" if durable else "off"
    return f"""\
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
max_connections = 300
shared_buffers = 128MB
password_encryption = 'scram-sha-256'
fsync = {kept}
full_page_writes = {kept}
timezone = 'UTC'
log_timezone = 'UTC'
"""
