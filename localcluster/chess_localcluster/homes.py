"""One command at a time works on a home; a second one fails and names the first."""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.polling import wait_until
from chess_localcluster.paths import Home
from chess_localcluster.processes.registry import Registry

BUSY = "busy.json"
MOMENT_SECONDS = 2.0


@contextmanager
def locked(home: Home, command: str) -> Iterator[None]:
    """Hold the home; the lock is the kernel's, so a killed command leaves none behind."""
    descriptor = _open(home.root, command)
    try:
        (home.root / BUSY).write_text(json.dumps({"pid": os.getpid(), "command": command}))
        yield
    finally:
        (home.root / BUSY).unlink(missing_ok=True)
        os.close(descriptor)


def _open(root: Path, command: str) -> int:
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o755)
        descriptor = os.open(root, os.O_RDONLY)
    except OSError as error:
        raise ClusterError(
            f"{command}: {root} cannot be used: {error.strerror} (choose another with --home)"
        ) from error
    if not _acquired(descriptor):
        os.close(descriptor)
        raise ClusterError(f"{command}: {_holder(root)} is using {root}: wait until it ends")
    if _still_there(root, descriptor):
        return descriptor
    os.close(descriptor)  # a `down` removed it between the two calls
    return _open(root, command)


def _acquired(descriptor: int) -> bool:
    """Try for a moment: a child that a killed command was just starting holds the lock until it runs its program."""

    def locks() -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    return wait_until(locks, MOMENT_SECONDS)


def _holder(root: Path) -> str:
    try:
        busy = json.loads((root / BUSY).read_text())
        return f"`localcluster {busy['command']}` (pid {busy['pid']})"
    except (OSError, ValueError, KeyError):
        return "another localcluster command"


def _still_there(root: Path, descriptor: int) -> bool:
    try:
        return root.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def is_one(home: Home) -> bool:
    """Return whether a directory is a cluster's home, even one that hardly began: `down` must not touch any other."""
    marks = (home.plan, home.root / "before.json", home.run / "etcd.json")
    return any(path.exists() for path in marks) or {path.name for path in home.root.iterdir()} <= {BUSY}


def remove(home: Home) -> None:
    """Remove what localcluster put into a home, and the directory itself if nothing else is in it."""
    for path in (home.pki, home.conf, home.run, home.log, home.etcd, home.node, home.stores):
        shutil.rmtree(path, ignore_errors=True)
    for name in (BUSY, "before.json", home.plan.name, home.kubeconfig.name):
        (home.root / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        home.root.rmdir()


def registry(home: Home) -> Registry:
    """Return the processes of a home."""
    return Registry(run=home.run, log=home.log, mark=str(home.root))
