"""What a chaos round breaks: servers, stores and the network between them, each disturbed and mended again."""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from chess_bench.bots.door import Door
from chess_bench.server import standby
from chess_bench.server.running import Running, await_listening, launch
from chess_bench.server.stores import Frail, Stores
from chess_bench.server.subjects import Subject
from chess_localcluster.machine import ports
from chess_localcluster.stores.store import stop

SERVERS = 3
SERVER_DOWN_SECONDS, REDIS_DOWN_SECONDS, DATABASE_DOWN_SECONDS, CUT_SECONDS, HANG_SECONDS = (
    3.0,
    2.0,
    20.0,
    3.0,
    8.0,
)


@dataclass(slots=True)
class Scene:
    """Three servers, their stores, and a door before each of the three networks."""

    subject: Subject
    environment: dict[str, str]
    log: Path
    stores: Stores
    second: Frail
    players: Door
    redis: Door
    database: Door
    servers: list[Running]

    def faults(self) -> list[tuple[str, float, Callable[[], Awaitable[None]]]]:
        """Return every fault in turn: its name, the seconds of calm before it, and what it does."""
        return [
            ("a server is killed (-9) and started again", 12, lambda: self.kill(0)),
            ("Redis is killed and comes back empty", 10, self.lose_redis),
            ("PostgreSQL stops for 20 s", 12, self.freeze_database),
            ("another server is killed (-9) and started again", 12, lambda: self.kill(1)),
            ("the network to PostgreSQL is cut", 10, lambda: self.database.cut_off(CUT_SECONDS)),
            ("the network to Redis is cut", 10, lambda: self.redis.cut_off(CUT_SECONDS)),
            ("the network to all players is cut", 10, lambda: self.players.cut_off(CUT_SECONDS)),
            ("the network to Redis swallows everything", 10, lambda: self.redis.swallow(CUT_SECONDS)),
            ("PostgreSQL is killed, its standby takes over", 12, self.fail_over),
            ("a server hangs", 12, lambda: self.hang(2)),
            ("a last server is killed (-9) and started again", 10, lambda: self.kill(2)),
        ]

    async def kill(self, index: int) -> None:
        """Kill a server, and start another in its place."""
        old = self.servers[index]
        old.end()
        await asyncio.sleep(SERVER_DOWN_SECONDS)
        self.servers[index] = launch(self.subject, self._of(index), self.log, old.port)
        await asyncio.to_thread(await_listening, self.servers[index], self.subject.name, self.log)

    async def hang(self, index: int) -> None:
        """Stop a server's process for a while: its sockets stay, nobody answers."""
        self.servers[index].process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(HANG_SECONDS)
        self.servers[index].process.send_signal(signal.SIGCONT)

    async def lose_redis(self) -> None:
        """Kill Redis and start it again, empty."""
        await asyncio.to_thread(self.stores.redis.kill)
        await asyncio.sleep(REDIS_DOWN_SECONDS)
        await asyncio.to_thread(self.stores.redis.start)

    async def freeze_database(self) -> None:
        """Stop PostgreSQL: connections stay, nobody answers."""
        self.stores.postgres.freeze()
        await asyncio.sleep(DATABASE_DOWN_SECONDS)
        self.stores.postgres.thaw()

    async def fail_over(self) -> None:
        """Kill the primary; the standby, which has every commit, takes its place and its address."""
        await asyncio.to_thread(self.stores.postgres.kill)
        await asyncio.to_thread(standby.promote, self.second, self.stores.postgres)
        self.database.cut()
        self.database.ports = [self.second.port]

    def _of(self, index: int) -> dict[str, str]:
        return {**self.environment, "CHESS_POD_UID": f"chaos-{index}"}


@asynccontextmanager
async def scene(subject: Subject, stores: Stores, log: Path) -> AsyncIterator[Scene]:
    """Set everything up; all of it ends with the block."""
    root = _open_directory()
    second = await asyncio.to_thread(standby.follow, stores.postgres, root / "postgres", ports.free_port())
    try:
        async with Door([stores.redis.port]) as redis, Door([stores.postgres.port]) as database:
            urls = _through(stores.redis.store.url, redis), _through(stores.postgres.store.url, database)
            environment = stores.files("chaos", *urls)
            async with (
                _servers(subject, environment, log) as servers,
                Door([server.port for server in servers]) as players,
            ):
                yield Scene(subject, environment, log, stores, second, players, redis, database, servers)
    finally:
        stop(second.store)
        shutil.rmtree(root, ignore_errors=True)


@asynccontextmanager
async def _servers(subject: Subject, environment: dict[str, str], log: Path) -> AsyncIterator[list[Running]]:
    own = [{**environment, "CHESS_POD_UID": f"chaos-{index}"} for index in range(SERVERS)]
    free = ports.free_loopback_ports(SERVERS)
    servers = [launch(subject, given, log, port) for given, port in zip(own, free, strict=True)]
    try:
        for server in servers:
            await asyncio.to_thread(await_listening, server, subject.name, log)
        yield servers
    finally:
        for server in servers:
            server.end()


def _open_directory() -> Path:
    """Make a directory that the database's user may enter."""
    root = Path(tempfile.mkdtemp(prefix="chess-bench-standby-"))
    root.chmod(0o711)
    return root


def _through(url: str, door: Door) -> str:
    """Return a URL that leads through a door."""
    parts = urlsplit(url)
    credentials, _, _ = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{door.port}"))
