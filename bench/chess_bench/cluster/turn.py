"""One run at a time on the local cluster: a second would clear the first one's namespace, or lose its cluster."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chess_bench.cluster.targets import TargetError

LOCK = Path("/run/chess-demo.lock")  # where only root can make and hold it, as only root can have a node


@contextmanager
def turn(lock: Path | None = None) -> Iterator[None]:
    """Hold the machine's lock of runs, or refuse; the kernel releases it when its holder dies."""
    path = lock or LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TargetError(f"{path}: cannot be used: {error.strerror}; the local cluster needs root") from None
    try:
        _hold(descriptor)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace") or "unknown"
        raise TargetError(
            f"another run uses the local cluster (pid {holder}): wait until it ends, or choose a cluster by CONTEXT"
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
