"""One process at a time does what all would do alike; the others wait and find it done."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chess_localcluster.progress import Progress


@contextmanager
def alone(lock: Path, what: str, progress: Progress) -> Iterator[None]:
    """Hold the lock; the kernel lets go of it when its holder dies."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.stage(f"waiting for another {what}"):
                fcntl.flock(file, fcntl.LOCK_EX)
        yield
