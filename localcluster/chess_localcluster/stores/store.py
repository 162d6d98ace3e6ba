"""What Redis and PostgreSQL have in common: a process under a user of its own, a directory, a password, a URL."""

import os
import pwd
import secrets
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import files
from chess_localcluster.machine.commands import succeeds
from chess_localcluster.machine.proc import PROC
from chess_localcluster.processes import launch
from chess_localcluster.processes.component import Component
from chess_localcluster.processes.process import Process, await_end
from chess_localcluster.processes.registry import Registry

KILL_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A Redis or PostgreSQL server that answers."""

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
    """Signal the server, then its children: a stopped PostgreSQL must not answer through an old backend."""
    children = _children(process)
    pids = children.read_text().split() if children.exists() else []
    process.signal(number)
    if number is signal.SIGKILL:
        await_end([process], KILL_SECONDS)
    if number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in pids:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(int(pid), number)


def _children(process: Process) -> Path:
    return PROC / str(process.pid) / "task" / str(process.pid) / "children"


def password(directory: Path) -> str:
    """Return the store's password, made at the first call."""
    path = directory / "password"
    if not path.exists():
        ensure_directory(directory)
        files.write(path, secrets.token_hex(16))
    return path.read_text()


def start(
    component: Component, directory: Path, registry: Registry | None, probe: tuple[str, ...]
) -> Process:
    """Start the server unless it runs, and wait until the probe succeeds."""
    name = component.name
    processes = registry or _own_registry(directory)
    if not processes.alive(name):
        # a killed server leaves this file; its pid may belong to another process by now
        (directory / "data" / "postmaster.pid").unlink(missing_ok=True)
        launch.start_missing([component], processes, directory)
    launch.wait_for(name, lambda: _answers(probe, directory), [name], processes)
    process = processes.find(name)
    if process is None:
        raise ClusterError(f"{name}: its record in {processes.run} has disappeared")
    return process


def _answers(probe: tuple[str, ...], directory: Path) -> bool:
    """Probe with the password in the environment: every user can read argument lists."""
    return succeeds(*probe, env={"REDISCLI_AUTH": password(directory)})


def _own_registry(directory: Path) -> Registry:
    return Registry(run=directory / "run", log=directory / "log", mark=str(directory))


def stop(store: Store) -> None:
    """End a store started without a registry."""
    store.signal(signal.SIGCONT)
    _own_registry(store.directory).stop([store.name], grace_seconds=5.0)


def as_user(user: str) -> tuple[str, ...]:
    """Return the command that drops root: PostgreSQL refuses to run as root, and Redis does not need it."""
    if os.geteuid():
        return ()
    return ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--")


def ensure_directory(directory: Path) -> None:
    """Make the store's directory, in which only its maker writes: the server's user reads it and owns `data` below."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o711)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fchown(descriptor, os.geteuid(), os.getegid())
        os.fchmod(descriptor, 0o711)
    finally:
        os.close(descriptor)


def make_data(directory: Path, user: str) -> None:
    """Make a directory that the server's user owns, unless it exists: what a server writes is never touched again."""
    if not directory.exists():
        directory.mkdir(mode=0o700)
        if not os.geteuid():
            os.chown(directory, account(user).pw_uid, account(user).pw_gid, follow_symlinks=False)


def write_for(user: str, path: Path, text: str) -> None:
    """Write a file that the server's user may read and not change."""
    files.write(path, text, 0o640, group=None if os.geteuid() else account(user).pw_gid)


def account(user: str) -> pwd.struct_passwd:
    """Return a server's user, whom its Debian package made."""
    try:
        return pwd.getpwnam(user)
    except KeyError as error:
        raise ClusterError(
            f"user {user} does not exist: `localcluster setup` installs what is missing"
        ) from error
