"""Games as a server stores them, for tests against a real PostgreSQL."""

import contextlib
from collections.abc import AsyncIterator
from itertools import count
from typing import Any, cast

from chess_server.game.record import Finish, MoveRow
from chess_server.game.state import Game, Player, new_game
from chess_server.store.health import Health, RedisTime
from chess_server.store.postgres.database import Database, connection_pool
from chess_server.store.postgres.fence import Entry

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


def row(ply: int, uci: str | None = None, a: int = 0) -> MoveRow:
    uci = uci or LINE[ply - 1]
    return MoveRow(ply, uci, uci, a or ply, 600_000, 600_000)


def entry(game_id: str, *plies: int, epoch: int = 1, ply: int | None = None, end: str | None = None) -> Entry:
    finish = None if end is None else Finish(status=cast("Any", end), winner=None, result="*", pgn="")
    last = ply if ply is not None else max(plies, default=0)
    return Entry(game_id=game_id, epoch=epoch, ply=last, rows=tuple(map(row, plies)), finish=finish)


@contextlib.asynccontextmanager
async def a_database(url: str, connections: int = 4) -> AsyncIterator[Database]:
    """What one server has of PostgreSQL."""
    clock = RedisTime()
    pool = connection_pool(url, None, connections)
    await pool.open(wait=True)
    try:
        yield Database(pool, Health(cast("Any", None), clock), clock)
    finally:
        await pool.close(timeout=2)
