"""A Redis and a PostgreSQL of the bench's own on loopback, and their faults. Nothing of them is left afterwards."""

import itertools
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from chess_localcluster.machine import ports
from chess_localcluster.plan import LOOPBACK
from chess_localcluster.processes.process import await_end
from chess_localcluster.stores.postgres import start_postgres
from chess_localcluster.stores.redis import start_redis
from chess_localcluster.stores.store import Store, stop

END_SECONDS = 30.0
Starter = Callable[[Path, str, int], Store]


@dataclass(slots=True)
class Frail:
    """A store that may be stopped or killed, and started again on its port."""

    store: Store
    begin: Starter

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return urlsplit(self.store.url).port or 0

    def freeze(self) -> None:
        """Let it answer nothing."""
        self.store.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.store.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once."""
        self.store.signal(signal.SIGKILL)
        await_end([self.store.process], END_SECONDS)

    def start(self) -> None:
        """Start it again: Redis is empty, PostgreSQL has its data."""
        self.store = self.begin(self.store.directory, LOOPBACK, self.port)


@dataclass(slots=True)
class Stores:
    """Both stores, and fresh databases on them."""

    redis: Frail
    postgres: Frail
    directory: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def fresh(self) -> dict[str, str]:
        """Make an empty database and empty Redis; return the variables by which a server finds both."""
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self.postgres.store.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.files(name, self.redis.store.url, self.database(name))

    def database(self, name: str) -> str:
        """Return the URL of a database on this PostgreSQL."""
        return urlunsplit(urlsplit(self.postgres.store.url)._replace(path=f"/{name}"))

    def files(self, name: str, redis_url: str, database_url: str) -> dict[str, str]:
        """Write both URLs to files, and a key of tokens for all servers on them."""
        redis, database = self.directory / f"{name}.redis.url", self.directory / f"{name}.database.url"
        redis.write_text(redis_url)
        database.write_text(database_url)
        keys = self.directory / "token.keys"
        keys.write_text(f"the-key-of-a-bench-{'k' * 32}")
        return {
            "CHESS_REDIS_URL_FILE": str(redis),
            "CHESS_DATABASE_URL_FILE": str(database),
            "CHESS_TOKEN_KEYS_FILE": str(keys),
            "CHESS_CLUSTER_UID": name,
        }


@contextmanager
def stores() -> Iterator[Stores]:
    """Run both; the directories are not below the user's own, which the servers' users may not enter."""
    root = Path(tempfile.mkdtemp(prefix="chess-bench-"))
    root.chmod(0o711)
    begun: list[Store] = []
    try:
        redis_port, postgres_port = ports.free_loopback_ports(2)
        redis = Frail(start_redis(root / "redis", LOOPBACK, redis_port), start_redis)
        begun.append(redis.store)
        postgres = Frail(start_postgres(root / "postgres", LOOPBACK, postgres_port), start_postgres)
        begun.append(postgres.store)
        yield Stores(redis, postgres, root)
    finally:
        for store in begun:
            stop(store)
        shutil.rmtree(root, ignore_errors=True)
