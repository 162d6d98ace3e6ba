"""A real Redis and PostgreSQL for the session, and servers as processes on loopback ports."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

DEADLINE = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Any, what: str, seconds: float = DEADLINE) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@dataclass
class RedisServer:
    """A Redis without a disk: killed, it comes back empty."""

    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(["redis-server", *arguments], stdout=log, stderr=log)
        wait_until(lambda: answers(self.port), "redis answers")

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


def _postgres_binary(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name) or name


def _as_postgres() -> list[str]:
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []


@dataclass
class PostgresServer:
    port: int
    data: Path
    process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        self.data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.data, "postgres", "postgres")
        command = [
            _postgres_binary("initdb"),
            "-D",
            str(self.data),
            "-U",
            "chess",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        subprocess.run([*_as_postgres(), *command], check=True, capture_output=True)

    def start(self) -> None:
        options = [
            "-D", str(self.data), "-p", str(self.port), "-h", "127.0.0.1", "-k", str(self.data), "-c", "fsync=off",
        ]  # fmt: skip
        with (self.data.parent / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_as_postgres(), _postgres_binary("postgres"), *options], stdout=log, stderr=log
            )
        wait_until(self._ready, "postgresql answers")

    def _ready(self) -> bool:
        with contextlib.suppress(psycopg.Error), psycopg.connect(self.admin_url):
            return True
        return False

    def stop(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    @property
    def admin_url(self) -> str:
        return f"postgresql://chess@127.0.0.1:{self.port}/postgres"

    def url(self, database: str) -> str:
        return f"postgresql://chess@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> str:
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self.url(name)


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
    redis: RedisServer
    postgres: PostgresServer
    database_url: str
    cluster_uid: str
    servers: list[ServerProcess] = field(default_factory=list)

    def start(self, count: int = 1, **settings: str) -> list[ServerProcess]:
        started = [self._launch(settings) for _ in range(count)]
        for server in started:
            wait_until(lambda server=server: server.ready, f"{server.name} is ready", 60)
        return started

    def _launch(self, settings: dict[str, str]) -> ServerProcess:
        name = f"{self.cluster_uid}-{len(self.servers)}"
        redis_file, database_file = self.directory / "redis.url", self.directory / "database.url"
        redis_file.write_text(self.redis.url)
        database_file.write_text(self.database_url)
        port, admin_port = free_port(), free_port()
        environment = {
            **os.environ,
            "CHESS_CLUSTER_UID": self.cluster_uid,
            "CHESS_POD_UID": name,
            "CHESS_PORT": str(port),
            "CHESS_ADMIN_PORT": str(admin_port),
            "CHESS_REDIS_URL_FILE": str(redis_file),
            "CHESS_DATABASE_URL_FILE": str(database_file),
            "CHESS_LOG_LEVEL": "debug",
            **settings,
        }
        log = self.directory / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "chess_server.cli", "serve"],
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
                server.process.wait(10)

    def query(self, sql: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(sql, values).fetchall()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    # pytest keeps its own temporary folders closed to the postgres user
    with tempfile.TemporaryDirectory(prefix="chess-postgres-") as directory:
        Path(directory).chmod(0o755)
        server = PostgresServer(free_port(), Path(directory) / "data")
        server.create()
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(free_port(), tmp_path_factory.mktemp("redis") / "redis.log")
    server.start()
    yield server
    server.signal(signal.SIGCONT)
    server.kill()


@pytest.fixture(scope="session")
def database_url(postgres: PostgresServer) -> str:
    return postgres.create_database("chess")


def _faultless(fleet: Fleet) -> None:
    faults = [fault for server in fleet.servers for fault in server.faults()]
    assert not faults, "\n".join(faults[:5])


@pytest.fixture(scope="session")
def fleet(
    tmp_path_factory: pytest.TempPathFactory,
    redis_server: RedisServer,
    postgres: PostgresServer,
    database_url: str,
) -> Iterator[Fleet]:
    """Servers of one ChessCluster: two for all tests that harm nobody; a test adds those that it means to harm."""
    made = Fleet(tmp_path_factory.mktemp("servers"), redis_server, postgres, database_url, "shared")
    made.start(2, CHESS_ABANDON_SECONDS="1")
    yield made
    made.stop()
    _faultless(made)


@pytest.fixture(scope="session")
def servers(fleet: Fleet) -> list[ServerProcess]:
    return fleet.servers[:2]


@pytest.fixture
def query(database_url: str) -> Any:
    def ask(sql: str, *values: object) -> list[tuple]:
        with psycopg.connect(database_url) as connection:
            return connection.execute(sql, values).fetchall()

    return ask


@pytest.fixture(scope="session")
def frail_fleet(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, database_url: str
) -> Iterator[Fleet]:
    """Two servers on a Redis of their own, which may be stopped and killed."""
    directory = tmp_path_factory.mktemp("frail")
    redis = RedisServer(free_port(), directory / "redis.log")
    redis.start()
    made = Fleet(directory, redis, postgres, database_url, "frail")
    made.start(2)
    yield made
    made.stop()
    redis.signal(signal.SIGCONT)
    redis.kill()
    _faultless(made)
