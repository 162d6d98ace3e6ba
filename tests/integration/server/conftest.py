"""A real Redis and PostgreSQL for the session, and servers as processes on loopback ports."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect

DEADLINE = 20.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition, what: str, seconds: float = DEADLINE) -> None:
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
        command = [_postgres_binary("initdb"), "-D", str(self.data), "-U", "chess", "-A", "trust", "-N", "-E", "UTF8"]
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
        return [line for line in self.log.read_text().splitlines() if "Traceback" in line or "task failed" in line]


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
                [sys.executable, "-m", "chess_server.cli", "serve"], env=environment, stdout=output, stderr=output
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


_numbers = iter(range(1, 1_000_000))


@pytest.fixture(scope="session")
def servers(
    tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer, postgres: PostgresServer, database_url: str
) -> Iterator[list[ServerProcess]]:
    """Two servers for all tests that harm nobody."""
    directory = tmp_path_factory.mktemp("servers")
    made = Fleet(directory, redis_server, postgres, database_url, "shared")
    yield made.start(2, CHESS_ABANDON_SECONDS="1")
    made.stop()
    faults = [fault for server in made.servers for fault in server.faults()]
    assert not faults, "\n".join(faults[:5])


@pytest.fixture
def query(database_url: str):
    def ask(sql: str, *values: object) -> list[tuple]:
        with psycopg.connect(database_url) as connection:
            return connection.execute(sql, values).fetchall()

    return ask


@pytest.fixture
def fleet(tmp_path: Path, redis_server: RedisServer, postgres: PostgresServer, database_url: str) -> Iterator[Fleet]:
    made = Fleet(tmp_path, redis_server, postgres, database_url, f"test{next(_numbers)}")
    yield made
    made.stop()
    faults = [fault for server in made.servers for fault in server.faults()]
    assert not faults, "\n".join(faults[:5])


@dataclass
class Player:
    """A player as docs/protocol.md wants it: keeps `v` and `epoch`, checks that no event is missing or told twice."""

    full_id: str
    color: str
    server: ServerProcess
    sri: str
    v: int = -1
    epoch: int = -1
    a: int = 0
    socket: ClientConnection | None = None
    events: list[dict] = field(default_factory=list)
    snapshots: list[dict] = field(default_factory=list)
    others: list[dict] = field(default_factory=list)
    pongs: int = 0
    acked: set[int] = field(default_factory=set)
    nacked: dict[int, dict] = field(default_factory=dict)

    @property
    def game_id(self) -> str:
        return self.full_id[:8]

    async def connect(self, server: ServerProcess | None = None, *, resume: bool = True) -> "Player":
        self.server = server or self.server
        held = f"&v={self.v}&epoch={self.epoch}" if resume and self.v >= 0 else ""
        self.socket = await connect(
            f"{self.server.ws}/play/{self.full_id}?sri={self.sri}{held}", compression=None, proxy=None
        )
        before = len(self.snapshots)
        await self._until(lambda: len(self.snapshots) > before, "full or batch")
        return self

    async def send(self, kind: str, **data: object) -> None:
        assert self.socket is not None
        await self.socket.send(json.dumps({"t": kind, "d": data} if data else {"t": kind}))

    async def move(self, uci: str, *, a: int | None = None, seconds: float = DEADLINE) -> int:
        """Move, and wait for the acknowledgement."""
        a = await self.try_move(uci, a=a)
        await self._until(lambda: a in self.acked or a in self.nacked, f"answer to {uci}", seconds)
        assert a in self.acked, self.nacked.get(a)
        return a

    async def try_move(self, uci: str, *, a: int | None = None) -> int:
        if a is None:
            self.a += 1
            a = self.a
        await self.send("move", u=uci, a=a)
        return a

    async def persist(self, uci: str, seconds: float = DEADLINE) -> int:
        """Move, sending the same again for as long as it is not acknowledged."""
        a = await self.try_move(uci)
        until = time.monotonic() + seconds
        while a not in self.acked:
            assert time.monotonic() < until, f"{uci} not acknowledged: {self.nacked.get(a)}"
            with contextlib.suppress(TimeoutError):
                await self._until(lambda: a in self.acked or a in self.nacked, uci, 2.5)
            if self.nacked.pop(a, None) is not None:
                await asyncio.sleep(0.5)
            if a not in self.acked:
                await self.try_move(uci, a=a)
        return a

    async def answer_to(self, a: int) -> dict:
        await self._until(lambda: a in self.acked or a in self.nacked, f"answer to {a}")
        return self.nacked.get(a, {"ack": a})

    async def until(self, kind: str, seconds: float = DEADLINE) -> dict:
        """The data of the first event or message of a kind, which may have come already."""
        found: list[dict] = []

        def there() -> bool:
            found.extend(frame for frame in self.events + self.others if frame["t"] == kind)
            return bool(found)

        await self._until(there, kind, seconds)
        return found[0]["d"]

    async def until_ply(self, ply: int, seconds: float = DEADLINE) -> None:
        await self._until(lambda: self.ply >= ply, f"ply {ply}", seconds)

    @property
    def ply(self) -> int:
        known = [frame["d"]["ply"] for frame in self.events if frame["t"] == "move"]
        known += [frame["d"]["ply"] for frame in self.snapshots if frame["t"] == "full"]
        return max(known, default=0)

    async def _until(self, condition, what: str, seconds: float = DEADLINE) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self._take(json.loads(await self.socket.recv()))
        except TimeoutError:
            raise TimeoutError(f"{self.color} waited {seconds} s for {what}") from None

    async def drain_socket(self, seconds: float = 0.2) -> None:
        """Take whatever comes within a moment."""
        with contextlib.suppress(TimeoutError):
            await self._until(lambda: False, "", seconds)

    def _take(self, frame: dict) -> None:
        if frame == 0:
            self.pongs += 1
            return
        kind = frame["t"]
        if kind == "full":
            self.v, self.epoch = frame["v"], frame["epoch"]
            self.snapshots.append(frame)
        elif kind == "batch":
            for event in frame["d"]:
                self._happened(event)
            assert (self.v, self.epoch) == (frame["v"], frame["epoch"])
            self.snapshots.append(frame)
        elif "v" in frame:
            self._happened(frame)
        elif kind == "ack":
            self.acked.add(frame["d"])
        elif kind == "nack":
            self.nacked[frame["d"]["a"]] = frame["d"]
        else:
            self.others.append(frame)

    def _happened(self, event: dict) -> None:
        assert event["v"] == self.v + 1, f"gap or repetition: had {self.v}, got {event}"
        self.v = event["v"]
        self.events.append(event)

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()


class Lobby:
    """Pairs test players by the real lobby."""

    def __init__(self) -> None:
        self.players: list[Player] = []
        self.sockets: list[ClientConnection] = []

    async def enter(self, server: ServerProcess, pool: str | None = "10+5", sri: str | None = None) -> tuple:
        sri = sri or f"test-{next(_numbers):08d}"
        socket = await connect(f"{server.ws}/lobby/socket?sri={sri}", compression=None, proxy=None)
        self.sockets.append(socket)
        if pool is not None:
            await socket.send(json.dumps({"t": "poolIn", "d": {"id": pool}}))
        return sri, socket

    async def redirected(self, socket: ClientConnection, seconds: float = DEADLINE) -> dict:
        async with asyncio.timeout(seconds):
            while True:
                frame = json.loads(await socket.recv())
                if frame["t"] == "redirect":
                    return frame["d"]

    async def pair(self, one: ServerProcess, other: ServerProcess, pool: str = "10+5") -> tuple[Player, Player]:
        """Two joined players, White first."""
        entered = [(server, *await self.enter(server, pool)) for server in (one, other)]
        made = []
        for server, sri, socket in entered:
            found = await self.redirected(socket)
            made.append(await Player(found["id"], found["color"], server, sri).connect())
            await socket.close()
        self.players += made
        white, black = sorted(made, key=lambda player: player.color, reverse=True)
        assert (white.color, black.color) == ("white", "black")
        return white, black

    async def close(self) -> None:
        for player in self.players:
            await player.close()
        for socket in self.sockets:
            await socket.close()


@pytest.fixture
def frail_fleet(tmp_path: Path, postgres: PostgresServer, database_url: str) -> Iterator[Fleet]:
    """A fleet on a Redis of its own, which may be stopped and killed."""
    redis = RedisServer(free_port(), tmp_path / "redis.log")
    redis.start()
    made = Fleet(tmp_path, redis, postgres, database_url, f"frail{next(_numbers)}")
    yield made
    made.stop()
    redis.signal(signal.SIGCONT)
    redis.kill()
    faults = [fault for server in made.servers for fault in server.faults()]
    assert not faults, "\n".join(faults[:5])


@pytest.fixture
async def lobby() -> AsyncIterator[Lobby]:
    made = Lobby()
    yield made
    await made.close()
