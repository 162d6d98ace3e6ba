"""Private stores on loopback, for tests: started at the beginning of a `with` block, gone at its end."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chess_localcluster.machine import ports
from chess_localcluster.plan import LOOPBACK
from chess_localcluster.stores.postgres import start_postgres
from chess_localcluster.stores.redis import start_redis
from chess_localcluster.stores.store import Store, stop


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
