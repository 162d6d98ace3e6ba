"""The home of a cluster: known by a marker of its own, and worked on by one command at a time.

The marker is also the lock. Only the home's owner can open it, so that nobody else can hold it.
"""

import contextlib
import json
import os
import pwd
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import locks
from chess_localcluster.machine.polling import wait_until
from chess_localcluster.paths import Home
from chess_localcluster.plan import Plan
from chess_localcluster.processes.registry import Registry

MARKER = ".localcluster"
PROGRAM = "localcluster"
MOMENT_SECONDS = 2.0
NAMED = 3
NOBODYS = frozenset({MARKER, "lost+found"})
"""What may be in an empty directory: the second is in every new ext4 file system."""


@contextmanager
def locked(home: Home, command: str) -> Iterator[None]:
    """Hold the home, which is made if it is missing; refuse a directory of somebody else's.

    The lock is the kernel's, so a killed command leaves none behind.
    """
    descriptor = _open(home.root, command)
    try:
        os.ftruncate(descriptor, 0)
        document = {"program": PROGRAM, "pid": os.getpid(), "command": command}
        os.pwrite(descriptor, json.dumps(document).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(root: Path, command: str) -> int:
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o755)
        _require_ours(root, command)
        descriptor = locks.open_private(root / MARKER)
    except FileNotFoundError:  # a `down` removed the directory meanwhile
        return _open(root, command)
    except OSError as error:
        raise ClusterError(
            f"{command}: {root} cannot be used: {error.strerror} (choose another with --home)"
        ) from error
    if not wait_until(lambda: locks.try_lock(descriptor), MOMENT_SECONDS):
        # only for a moment: a child that a killed command was just starting holds it until it runs its program
        os.close(descriptor)
        raise ClusterError(f"{command}: {_holder(root)} is using {root}: wait until it ends")
    if _still_there(root / MARKER, descriptor):
        return descriptor
    os.close(descriptor)  # a `down` removed it between the two calls
    return _open(root, command)


def _require_ours(root: Path, command: str) -> None:
    """Refuse a directory that is neither empty nor a home, and one in which another user could plant links for root."""
    home = Home(root=root)
    if not is_one(home) and not registry(home).marked():
        raise ClusterError(f"{command}: {strangers(root)}: choose an empty directory with --home")
    owner = root.stat().st_uid
    if owner == os.geteuid():
        return
    require_access(home)
    if any(root.iterdir()):
        raise ClusterError(
            f"{command}: {root} belongs to user {_name(owner)}: run this as {_name(owner)}, or choose another --home"
        )
    os.chown(root, os.geteuid(), -1, follow_symlinks=False)


def strangers(root: Path) -> str:
    """Return what is in a directory that is not a home."""
    names = sorted(path.name for path in root.iterdir())
    more = ", …" if len(names) > NAMED else ""
    return f"{root} holds files that localcluster did not make ({', '.join(names[:NAMED])}{more})"


def require_access(home: Home) -> None:
    """Refuse whoever may not read the home's files, and name who may."""
    marker = home.root / MARKER
    if marker.exists() and not os.access(marker, os.R_OK):
        owner = _name(marker.stat().st_uid)
        raise ClusterError(f"the cluster at {home.root} belongs to user {owner}: run this as {owner}")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _holder(root: Path) -> str:
    try:
        busy = json.loads((root / MARKER).read_text())
        return f"`localcluster {busy['command']}` (pid {busy['pid']})"
    except (OSError, ValueError, KeyError):
        return "another localcluster command"


def _still_there(path: Path, descriptor: int) -> bool:
    try:
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def is_one(home: Home) -> bool:
    """Return whether a directory is a cluster's home, or empty: no other is touched.

    Besides the marker, a plan that names this very directory counts: whoever loses the marker can still say `down`.
    """
    return {path.name for path in home.root.iterdir()} <= NOBODYS or _is_marked(home) or _is_planned(home)


def _is_marked(home: Home) -> bool:
    try:
        return bool(json.loads((home.root / MARKER).read_text())["program"] == PROGRAM)
    except PermissionError:  # another user's
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _is_planned(home: Home) -> bool:
    try:
        return Plan.from_json(home.plan.read_text()).home == home.root
    except (OSError, ClusterError):
        return False


def remove(home: Home) -> None:
    """Remove what localcluster put into a home, and the directory itself if nothing else is in it."""
    for path in (home.pki, home.conf, home.run, home.log, home.etcd, home.node, home.stores):
        shutil.rmtree(path, ignore_errors=True)
    for name in ("before.json", home.plan.name, home.kubeconfig.name, MARKER):
        (home.root / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        home.root.rmdir()


def registry(home: Home) -> Registry:
    """Return the processes of a home."""
    return Registry(run=home.run, log=home.log, mark=str(home.root))
