"""Locks between processes that need the same thing: one makes it, the others wait and find it made.

Only its owner can open a lock's file: whoever could read it could also hold it, and block everybody.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.progress import Progress


def open_private(lock: Path) -> int:
    """Open the file of a lock, which is made if it is missing; return its descriptor."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.fstat(descriptor).st_uid == os.geteuid():
        os.fchmod(descriptor, 0o600)
    return descriptor


@contextmanager
def locked(lock: Path, what: str, progress: Progress) -> Iterator[None]:
    """Hold the lock; show it if another process has it first. The kernel releases it when its holder dies.

    Check under the lock what is still to do: the process that held it before has most likely done it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = open_private(lock)
    except OSError as error:
        raise ClusterError(f"{what}: the lock {lock} cannot be used: {error.strerror}") from error
    try:
        _wait_for(descriptor, what, progress)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, what: str, progress: Progress) -> None:
    if try_lock(descriptor):
        return
    title = f"waiting for another {what}"
    progress.line(f"  … {title}")
    with progress.stage(title):
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def try_lock(descriptor: int) -> bool:
    """Take the lock if nobody has it; return whether it was taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
