"""A real Redis and PostgreSQL for the session, and servers as processes on loopback ports."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from signal import SIGCONT, Signals
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from echo_house import Front, House
from one_address import ONE_ADDRESS
from polling import wait_until

from chess_localcluster.machine.ports import free_loopback_ports
from chess_localcluster.plan import LOOPBACK
from chess_localcluster.processes.process import await_end
from chess_localcluster.stores.postgres import start_postgres
from chess_localcluster.stores.redis import start_redis
from chess_localcluster.stores.store import Store
from chess_localcluster.stores.temporary import temporary_postgres, temporary_redis
from chess_server.transport.link import Limits
from chess_server.transport.picows import PicowsTransport
from chess_server.transport.websockets import WebsocketsTransport

DEADLINE = 20.0
SUPPORT = Path(__file__).parents[2] / "support"


@dataclass
class Frail:
    """A store that a test may stop or kill, and start again on the same port."""

    store: Store
    begin: Callable[[Path, str, int], Store]

    @property
    def url(self) -> str:
        return self.store.url

    def signal(self, number: Signals) -> None:
        self.store.signal(number)

    def end(self, number: Signals) -> None:
        """End it by a signal. Started again, Redis is empty and PostgreSQL has its data."""
        self.store.signal(number)
        await_end([self.store.process], DEADLINE)

    def start(self) -> None:
        port = urlsplit(self.store.url).port
        assert port is not None
        self.store = self.begin(self.store.directory, LOOPBACK, port)


@dataclass
class ServerProcess:
    """One `chess-server serve`."""

    name: str
    port: int
    admin_port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    def admin(self, path: str) -> tuple[int, str]:
        with socket.create_connection(("127.0.0.1", self.admin_port), 5) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: test\r\n\r\n".encode())
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), body.decode()

    def metric(self, name: str) -> float:
        lines = self.admin("/metrics")[1].splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    @property
    def ready(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} has exited: {self.log.read_text()[-3000:]}")
        with contextlib.suppress(OSError):
            return self.admin("/readyz")[0] == 200
        return False

    @property
    def descriptors(self) -> int:
        """How many files and sockets the process has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def faults(self) -> list[str]:
        """Lines of the log that no test expects."""
        return [
            line for line in self.log.read_text().splitlines() if "Traceback" in line or "task failed" in line
        ]


@dataclass
class Fleet:
    """Servers of one ChessCluster on one Redis and one database."""

    directory: Path
    redis: Frail
    postgres: Frail
    cluster_uid: str
    servers: list[ServerProcess] = field(default_factory=list)

    def start(self, count: int = 1, **settings: str) -> list[ServerProcess]:
        started = [self.launch(**settings) for _ in range(count)]
        self.wait_ready(started)
        return started

    def wait_ready(self, servers: list[ServerProcess]) -> None:
        for server in servers:
            wait_until(lambda server=server: server.ready, f"{server.name} is ready", within=60)

    def launch(
        self, dying: str | None = None, *, faulty: tuple[str, ...] = (), **settings: str
    ) -> ServerProcess:
        """Start a server; tests/support has those with a fault.

        `dying`: the step of its first pairing at which it kills itself. `faulty`: the loop that fails, and how.
        """
        program = ["chess_server.cli", "serve"] if dying is None else ["dying_server", dying]
        program = ["faulty_server", *faulty] if faulty else program
        name = f"{self.cluster_uid}-{len(self.servers)}"
        redis_file, database_file = self.directory / "redis.url", self.directory / "database.url"
        keys_file = self.directory / "token.keys"
        if not keys_file.exists():
            keys_file.write_text(f"the-key-of-{self.cluster_uid}-{'k' * 32}")
        redis_file.write_text(self.redis.url)
        database_file.write_text(self.postgres.url)
        port, admin_port = free_loopback_ports(2)
        environment = {
            **os.environ,
            "PYTHONPATH": str(SUPPORT),
            "CHESS_CLUSTER_UID": self.cluster_uid,
            "CHESS_POD_UID": name,
            "CHESS_PORT": str(port),
            "CHESS_ADMIN_PORT": str(admin_port),
            "CHESS_REDIS_URL_FILE": str(redis_file),
            "CHESS_DATABASE_URL_FILE": str(database_file),
            "CHESS_TOKEN_KEYS_FILE": str(keys_file),
            "CHESS_LOG_LEVEL": "debug",
            **ONE_ADDRESS,
            **settings,
        }
        log = self.directory / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *program],
                env=environment,
                stdout=output,
                stderr=output,
            )
        server = ServerProcess(name, port, admin_port, process, log)
        self.servers.append(server)
        return server

    def stop(self) -> None:
        for server in self.servers:
            if server.process.poll() is None:
                server.process.kill()
                server.process.wait(60)

    def query(self, sql: str, *values: object) -> list[tuple]:
        authority = getattr(self.postgres, "ca", None)
        tls = {"sslrootcert": str(authority)} if authority else {}
        with psycopg.connect(self.postgres.url, **tls) as connection:
            return connection.execute(sql, values).fetchall()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Frail]:
    with temporary_postgres() as store:
        yield Frail(store, partial(start_postgres, durable=False))


@contextlib.contextmanager
def _redis() -> Iterator[Frail]:
    with temporary_redis() as store:
        frail = Frail(store, start_redis)
        yield frail
        frail.signal(SIGCONT)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Frail]:
    with _redis() as frail:
        yield frail


def _faultless(fleet: Fleet) -> None:
    faults = [fault for server in fleet.servers for fault in server.faults()]
    assert not faults, "\n".join(faults[:5])


@pytest.fixture(scope="session")
def make_fleet(tmp_path_factory: pytest.TempPathFactory, redis_server: Frail, postgres: Frail) -> Any:
    """Make a fleet of one ChessCluster, at first without servers."""

    @contextlib.contextmanager
    def make(
        uid: str, redis: Any = redis_server, database: Any = postgres, *, faultless: bool = True
    ) -> Iterator[Fleet]:
        made = Fleet(tmp_path_factory.mktemp(uid), redis, database, uid)
        try:
            yield made
        finally:
            made.stop()
        if faultless:
            _faultless(made)

    return make


@pytest.fixture(scope="session")
def fleet(make_fleet: Any) -> Iterator[Fleet]:
    """Servers of one ChessCluster: two that no test may harm; a test that kills a server starts its own."""
    with make_fleet("shared") as made:
        made.start(2, CHESS_ABANDON_SECONDS="1")
        yield made


@pytest.fixture(scope="session")
def servers(fleet: Fleet) -> list[ServerProcess]:
    return fleet.servers[:2]


@pytest.fixture
def query(fleet: Fleet) -> Any:
    return fleet.query


@pytest.fixture(scope="session")
def frail_fleet(make_fleet: Any) -> Iterator[Fleet]:
    """Two servers on a Redis of their own, which a test may stop and kill."""
    with _redis() as redis, make_fleet("frail", redis) as made:
        made.start(2)
        yield made


@pytest.fixture(params=[PicowsTransport, WebsocketsTransport], ids=["picows", "websockets"])
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    """A listening transport, each of the two in turn."""
    front = Front()
    transport = request.param(
        front.admit, Limits(ping_seconds=0.2, idle_seconds=2.0, max_pending=64 * 1024, subprotocol="chess.v1")
    )
    port = await transport.start("127.0.0.1", 0)
    yield House(front, transport, port)
    await transport.stop()
