"""Real servers for the bots: two `chess-server serve` on loopback, with a Redis and a PostgreSQL of their own."""

import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from one_address import ONE_ADDRESS
from polling import wait_until

from chess_bench.bots.door import Door
from chess_localcluster.machine.ports import free_loopback_ports
from chess_localcluster.stores.store import Store
from chess_localcluster.stores.temporary import temporary_postgres, temporary_redis

START_SECONDS = 60.0


@dataclass
class Server:
    name: str
    environment: dict[str, str]
    port: int
    admin_port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        own = {
            "CHESS_POD_NAME": self.name,
            "CHESS_POD_UID": f"uid-{self.name}",
            "CHESS_PORT": str(self.port),
            "CHESS_ADMIN_PORT": str(self.admin_port),
        }
        program = Path(sys.executable).with_name("chess-server")
        self.process = subprocess.Popen(
            [program, "serve"], env={**self.environment, **own}, stdout=subprocess.DEVNULL
        )
        wait_until(self._is_ready, f"{self.name} is ready", within=START_SECONDS, ignoring=(OSError,))

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}"
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, seconds: float) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@dataclass
class Service:
    servers: list[Server]
    redis: Store
    database: Store
    cluster: str
    """The uid under which the database keeps this service's games."""

    def door(self) -> Door:
        return Door([server.port for server in self.servers])


@pytest.fixture(scope="session")
def both_stores() -> Iterator[tuple[Store, Store]]:
    with temporary_redis() as redis, temporary_postgres() as database:
        yield redis, database


@pytest.fixture
def service(tmp_path: Path, both_stores: tuple[Store, Store]) -> Iterator[Service]:
    redis, database = both_stores
    for name, content in (("redis", redis.url), ("database", database.url), ("keys", "k" * 43)):
        path = tmp_path / name
        path.write_text(content)
        path.chmod(0o600)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CHESS_")},
        "CHESS_REDIS_URL_FILE": str(tmp_path / "redis"),
        "CHESS_DATABASE_URL_FILE": str(tmp_path / "database"),
        "CHESS_TOKEN_KEYS_FILE": str(tmp_path / "keys"),
        "CHESS_CLUSTER_UID": (cluster := f"cluster-{uuid.uuid4()}"),
        "CHESS_RECONNECT_WINDOW_SECONDS": "1",
        "CHESS_DRAIN_DEADLINE_SECONDS": "20",
        **ONE_ADDRESS,
    }
    ports = free_loopback_ports(4)
    servers = [Server("server-1", environment, *ports[:2]), Server("server-2", environment, *ports[2:])]
    try:
        for server in servers:
            server.start()
        yield Service(servers, redis, database, cluster)
    finally:
        for server in servers:
            server.stop()
