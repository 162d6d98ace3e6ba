"""Locks between processes that need the same thing: one makes it, the others wait and find it made."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chess_localcluster.progress import Progress


@contextmanager
def locked(lock: Path, what: str, progress: Progress) -> Iterator[None]:
    """Hold the lock; show it if another process has it first. The kernel releases it when its holder dies.

    Check under the lock what is still to do: the process that held it before has most likely done it.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            title = f"waiting for another {what}"
            progress.line(f"  … {title}")
            with progress.stage(title):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
