"""One run at a time on the local cluster: a second would clear the first one's namespace, or lose its cluster."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chess_bench.cluster.targets import TargetError
from chess_localcluster.machine.locks import open_private, try_lock

LOCK = Path("/run/chess-demo.lock")  # where only root can make and hold it, as only root can have a node


@contextmanager
def turn(lock: Path | None = None) -> Iterator[None]:
    """Hold the machine's lock of runs, or refuse; the kernel releases it when its holder dies."""
    path = lock or LOCK
    try:
        descriptor = open_private(path)
    except OSError as error:
        raise TargetError(f"{path}: cannot be used: {error.strerror}; the local cluster needs root") from None
    try:
        _hold(descriptor)
        yield
    finally:
        os.close(descriptor)


def _hold(descriptor: int) -> None:
    if not try_lock(descriptor):
        holder = os.pread(descriptor, 20, 0).decode(errors="replace") or "unknown"
        raise TargetError(
            f"another run uses the local cluster (pid {holder}): wait until it ends, or choose a cluster by CONTEXT"
        )
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
