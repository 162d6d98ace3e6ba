"""Real servers for the bots: two `chess-server serve` on loopback, with a Redis and a PostgreSQL of their own."""

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from polling import wait_until

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


class FrontDoor:
    """A load balancer in a few lines: each new connection goes to the next server that is listed, by TCP."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self._turn = itertools.count()
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for pipe in self._pipes:
            pipe.cancel()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        task.add_done_callback(self._pipes.discard)
        port = self.ports[next(self._turn) % len(self.ports)]
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        with contextlib.suppress(
            asyncio.CancelledError
        ):  # the streams' own callback would log it as an error
            await asyncio.gather(
                _pump(reader, back_writer), _pump(back_reader, writer), return_exceptions=True
            )


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(16384):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@dataclass
class Service:
    servers: list[Server]
    redis: Store
    database: Store

    def door(self) -> FrontDoor:
        return FrontDoor([server.port for server in self.servers])


@pytest.fixture(scope="session")
def both_stores() -> Iterator[tuple[Store, Store]]:
    with temporary_redis() as redis, temporary_postgres() as database:
        yield redis, database


@pytest.fixture
def service(tmp_path: Path, both_stores: tuple[Store, Store]) -> Iterator[Service]:
    redis, database = both_stores
    for name, url in (("redis", redis.url), ("database", database.url)):
        path = tmp_path / name
        path.write_text(url)
        path.chmod(0o600)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CHESS_")},
        "CHESS_REDIS_URL_FILE": str(tmp_path / "redis"),
        "CHESS_DATABASE_URL_FILE": str(tmp_path / "database"),
        "CHESS_RECONNECT_WINDOW_SECONDS": "1",
        "CHESS_DRAIN_DEADLINE_SECONDS": "20",
    }
    ports = free_loopback_ports(4)
    servers = [Server("server-1", environment, *ports[:2]), Server("server-2", environment, *ports[2:])]
    try:
        for server in servers:
            server.start()
        yield Service(servers, redis, database)
    finally:
        for server in servers:
            server.stop()
