"""Redis and PostgreSQL as a managed service would give them: beside the cluster, by URL, with a password.

One way for all: `up` runs one of each on the bridge, tests run private ones on loopback. Redis keeps nothing on disk
(killed and started again, it is empty, as ElastiCache after the loss of a node); PostgreSQL keeps its data.
"""

import os
import pwd
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.controlplane.components import Component
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import files, ports
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.plan import LOOPBACK, POD_CIDR
from chess_localcluster.processes import launch
from chess_localcluster.processes.registry import Process, Registry, await_end

POSTGRES_PROGRAMS = Path("/usr/lib/postgresql")
ROLE = "chess"
KILL_TAKES = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A server that answers."""

    name: str
    process: Process
    url: str
    directory: Path

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server and to what it has forked."""
        signal_family(self.process, number)


def signal_family(process: Process, number: signal.Signals) -> None:
    """Reach the server first, then its children: a stopped PostgreSQL must not answer by an old backend."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    pids = children.read_text().split() if children.exists() else []
    process.signal(number)
    if number is signal.SIGKILL:
        await_end([process], KILL_TAKES)
    if number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            os.kill(int(pid), number)


def redis_url(host: str, port: int, password: str) -> str:
    """Return the URL as clients take it."""
    return f"redis://:{password}@{host}:{port}/0"


def postgres_url(host: str, port: int, password: str) -> str:
    """Return the URL as clients take it."""
    return f"postgresql://{ROLE}:{password}@{host}:{port}/{ROLE}"


def password(directory: Path) -> str:
    """Return the store's password, made at the first call."""
    path = directory / "password"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.write(path, secrets.token_hex(16))
    return path.read_text()


def start_redis(directory: Path, host: str, port: int, registry: Registry | None = None) -> Store:
    """Start Redis, empty, or find it running."""
    secret = password(directory)
    files.write(directory / "redis.conf", redis_configuration(directory, host, port, secret))
    _own(directory, "redis")
    argv = (*_as_user("redis"), "redis-server", str(directory / "redis.conf"))
    probe = ("redis-cli", "-h", host, "-p", str(port), "--no-auth-warning", "ping")
    process = _start(Component(name="redis", argv=argv, port=(host, port)), directory, registry, probe)
    return Store(name="redis", process=process, url=redis_url(host, port, secret), directory=directory)


def redis_configuration(directory: Path, host: str, port: int, secret: str) -> str:
    """Return redis.conf: nothing on disk, nothing evicted, nobody without the password."""
    return f"""\
bind {host}
port {port}
requirepass {secret}
maxmemory-policy noeviction
save ""
appendonly no
daemonize no
dir {directory}
"""


def start_postgres(
    directory: Path, host: str, port: int, registry: Registry | None = None, *, durable: bool = True
) -> Store:
    """Start PostgreSQL with a database `chess`, or find it running; `durable` says whether commits reach the disk."""
    secret = password(directory)
    programs = postgres_programs()
    _own(directory, "postgres")
    data = directory / "data"
    if not data.exists():
        _make_database(programs, data, secret)
    files.write(data / "postgresql.conf", postgres_configuration(host, port, durable=durable))
    files.write(
        data / "pg_hba.conf",
        f"host all all {LOOPBACK}/32 scram-sha-256\nhost all all {POD_CIDR} scram-sha-256\n",
    )
    _own(directory, "postgres")
    argv = (*_as_user("postgres"), str(programs / "postgres"), "-D", str(data))
    probe = (str(programs / "pg_isready"), "-h", host, "-p", str(port), "-q")
    process = _start(Component(name="postgres", argv=argv, port=(host, port)), directory, registry, probe)
    return Store(name="postgres", process=process, url=postgres_url(host, port, secret), directory=directory)


def postgres_programs() -> Path:
    """Return the directory of the newest installed server."""
    found = [path.parent for path in POSTGRES_PROGRAMS.glob("*/bin/postgres")]
    if not found:
        raise ClusterError(f"PostgreSQL is not below {POSTGRES_PROGRAMS}: `localcluster setup` installs it")
    return max(found, key=lambda path: float(path.parent.name))


def _make_database(programs: Path, data: Path, secret: str) -> None:
    """As on RDS, the role of applications may make databases and roles, and is no superuser."""
    draft = data.with_suffix(".draft")
    shutil.rmtree(draft, ignore_errors=True)
    user = _as_user("postgres")
    options = (
        "--username=postgres",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    )
    pwfile = data.with_name("superuser-password")
    files.write(pwfile, secrets.token_hex(16))
    _own(pwfile.parent, "postgres")
    run(*user, str(programs / "initdb"), "-D", str(draft), f"--pwfile={pwfile}", *options, cwd="/")
    statements = (
        f"CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{secret}'\n"
        f"CREATE DATABASE {ROLE} OWNER {ROLE}\n"
    )
    run(
        *user, str(programs / "postgres"), "--single", "-D", str(draft), "postgres", given=statements, cwd="/"
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


def _start(
    component: Component, directory: Path, registry: Registry | None, probe: tuple[str, ...]
) -> Process:
    name = component.name
    processes = registry or _own_registry(directory)
    if not processes.alive(name):
        # a killed server cannot remove this; its pid may be another process by now
        (directory / "data" / "postmaster.pid").unlink(missing_ok=True)
        launch.start_missing([component], processes, directory)
    launch.await_true(name, lambda: _answers(probe, directory), [name], processes)
    process = processes.find(name)
    if process is None:
        raise ClusterError(f"{name}: its record in {processes.run} is gone")
    return process


def _answers(probe: tuple[str, ...], directory: Path) -> bool:
    """Probe with the password in the environment: argument lists are everybody's to read."""
    return succeeds(*probe, env={"REDISCLI_AUTH": password(directory)})


def _own_registry(directory: Path) -> Registry:
    return Registry(run=directory / "run", log=directory / "log", mark=str(directory))


def stop(store: Store) -> None:
    """End a store started without a registry."""
    store.signal(signal.SIGCONT)
    _own_registry(store.directory).stop([store.name], grace=5.0)


@contextmanager
def temporary_redis() -> Iterator[Store]:
    """Run a private Redis on a free loopback port."""
    with _temporary_directory("redis") as directory:
        store = start_redis(directory, LOOPBACK, ports.free_port())
        try:
            yield store
        finally:
            stop(store)


@contextmanager
def temporary_postgres() -> Iterator[Store]:
    """Run a private PostgreSQL on a free loopback port; its data is gone afterwards, so commits need no disk."""
    with _temporary_directory("postgres") as directory:
        store = start_postgres(directory, LOOPBACK, ports.free_port(), durable=False)
        try:
            yield store
        finally:
            stop(store)


@contextmanager
def _temporary_directory(name: str) -> Iterator[Path]:
    """Not below a test's own directory, which the servers' users may not enter."""
    directory = Path(tempfile.mkdtemp(prefix=f"localcluster-{name}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _as_user(user: str) -> tuple[str, ...]:
    """PostgreSQL refuses to run as root, and Redis need not."""
    if os.geteuid():
        return ()
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--")


def _own(directory: Path, user: str) -> None:
    if os.geteuid():
        return
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise ClusterError(
            f"there is no user {user}: `localcluster setup` installs what is missing"
        ) from error
    for path in (directory, *directory.rglob("*")):
        os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
