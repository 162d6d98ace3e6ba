"""Games as a server stores them, for tests against a real PostgreSQL."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any, cast

from polling import eventually

from chess_presence.cancelling import end
from chess_server.game.record import Finish, MoveRow
from chess_server.game.state import Game, Player, new_game
from chess_server.store.errors import SaturatedError, UnavailableError
from chess_server.store.health import Health, RedisTime
from chess_server.store.postgres.committer import Committer
from chess_server.store.postgres.database import Database
from chess_server.store.postgres.fence import Entry
from chess_server.store.postgres.sessions import LATE_SESSIONS, Sessions

LINE = ("e2e4", "e7e5", "g1f3", "b8c6", "f1b5", "a7a6", "b5a4", "g8f6")
_numbers = count(1)


def new_id() -> str:
    return f"fence{next(_numbers):03d}"


def a_game(game_id: str) -> Game:
    return new_game(
        game_id,
        white=Player(id="white-secret"),
        black=Player(id="black-secret"),
        initial_seconds=600,
        increment_seconds=0,
        now_ms=0,
    )


async def created(database: Database, game_id: str) -> None:
    """Store a new game, once there is a session for it: a busy machine takes its time to connect."""

    async def create() -> bool:
        await database.create_game(a_game(game_id))
        return True

    await eventually(create, "a session", ignoring=(SaturatedError,))


def row(ply: int, uci: str | None = None, a: int = 0) -> MoveRow:
    uci = uci or LINE[ply - 1]
    return MoveRow(ply, uci, uci, a or ply, 600_000, 600_000)


def entry(game_id: str, *plies: int, epoch: int = 1, ply: int | None = None, end: str | None = None) -> Entry:
    finish = None if end is None else Finish(status=cast("Any", end), winner=None, result="*")
    last = ply if ply is not None else max(plies, default=0)
    return Entry(game_id=game_id, epoch=epoch, ply=last, rows=tuple(map(row, plies)), finish=finish)


class Server:
    """What one server has of PostgreSQL."""

    def __init__(self, url: Callable[[], str], connections: int, cluster: str) -> None:
        clock = RedisTime()
        self.health = Health(cast("Any", None), clock)
        self.sessions = Sessions(url, None, connections)
        self.database = Database(self.sessions, self.health, clock, cluster)
        self.committer = Committer(self.database)

    async def store(self, wanted: Entry, seconds: float = 60.0) -> None:
        """Store an entry, again and again as its player would, until it is acknowledged."""
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(UnavailableError):
                    return await self.committer.commit(wanted)
                await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def a_server(
    url: Callable[[], str], connections: int = 4, cluster: str = "tests"
) -> AsyncIterator[Server]:
    """Run what a server runs for PostgreSQL."""
    server = Server(url, connections, cluster)
    await server.sessions.open()
    tasks = [
        asyncio.create_task(work(lambda: None))
        for work in (
            server.committer.run,
            *LATE_SESSIONS * [server.committer.run_late],
            server.database.keep_probing,
        )
    ]
    try:
        yield server
    finally:
        await end(*tasks)
        await server.sessions.close()
