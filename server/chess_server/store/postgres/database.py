"""Games and moves in PostgreSQL. Each method is one transaction with a time limit.

Moves that are stored already are compared, never overwritten: after a Redis failover, another move may hold the ply.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from msgspec.structs import replace
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from chess_server.game.color import Color
from chess_server.game.record import Finish, MoveRow, replayed
from chess_server.game.state import Game, Player, new_game
from chess_server.game.status import Status
from chess_server.store.classification import from_postgresql
from chess_server.store.errors import UnavailableError
from chess_server.store.health import Health, RedisTime

STATEMENT_MS = 5000
WAIT_SECONDS = 3.0

INSERT_MOVES = """
INSERT INTO moves (game_id, ply, uci, san, player_move_id, white_ms, black_ms)
SELECT * FROM unnest(%s::text[], %s::int[], %s::text[], %s::text[], %s::bigint[], %s::int[], %s::int[])
ON CONFLICT DO NOTHING RETURNING game_id, ply
"""
SELECT_HELD = """
SELECT game_id, ply, uci, player_move_id FROM moves
JOIN unnest(%s::text[], %s::int[]) AS asked (game_id, ply) USING (game_id, ply)
"""
FINISH_GAMES = """
UPDATE games SET status = ended.status, winner = ended.winner, result = ended.result, pgn = ended.pgn,
  finished_at = now()
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[]) AS ended (id, status, winner, result, pgn)
WHERE games.id = ended.id AND games.status = 'started'
"""
INSERT_GAME = """
INSERT INTO games
  (id, white_player, black_player, white_sri, black_sri, initial_seconds, increment_seconds, status, epoch)
VALUES (%s, %s, %s, %s, %s, %s, %s, 'started', %s)
"""
WITHDRAW_GAME = """
DELETE FROM games WHERE id = %s AND status = 'started' AND NOT EXISTS (SELECT 1 FROM moves WHERE game_id = games.id)
"""
RAISE_EPOCH = """
UPDATE games SET epoch = epoch + 1 WHERE id = %s
RETURNING epoch, white_player, black_player, white_sri, black_sri, initial_seconds, increment_seconds, status, winner,
  (extract(epoch FROM created_at) * 1000)::bigint
"""
SELECT_MOVES = (
    "SELECT ply, uci, san, player_move_id, white_ms, black_ms FROM moves WHERE game_id = %s ORDER BY ply"
)
LIVE_GAMES = "SELECT id FROM games WHERE status = 'started' AND id > %s ORDER BY id LIMIT 1000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What to store of one game: moves in order, and its end."""

    game_id: str
    rows: tuple[MoveRow, ...]
    finish: Finish | None = None


def _configured(statement_ms: int) -> dict[str, Any]:
    return {
        "autocommit": True,
        "prepare_threshold": 2,
        "connect_timeout": 3,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 6000,
        "application_name": "chess-server",
        "options": f"-c statement_timeout={statement_ms} -c lock_timeout={statement_ms}",
    }


def connection_settings(ca_file: str | None) -> dict[str, Any]:
    """Return psycopg's options: time limits everywhere, and the server's certificate checked if a CA is given."""
    tls = {"sslmode": "verify-full", "sslrootcert": ca_file} if ca_file else {}
    return {**_configured(STATEMENT_MS), **tls}


def connection_pool(
    url: str, ca_file: str | None, most_connections: int
) -> "AsyncConnectionPool[AsyncConnection[Any]]":
    """Make the pool; it connects when it is opened."""
    return AsyncConnectionPool(
        url,
        kwargs=connection_settings(ca_file),
        min_size=1,
        max_size=most_connections,
        max_waiting=1000,
        open=False,
        check=None,
        reconnect_timeout=5.0,
    )


class Database:
    """The database, over a pool of connections. Its methods raise UnavailableError."""

    def __init__(
        self, pool: "AsyncConnectionPool[AsyncConnection[Any]]", health: Health, clock: RedisTime
    ) -> None:
        self._pool = pool
        self._health = health
        self._clock = clock

    async def commit(self, entries: Sequence[Entry]) -> set[str]:
        """Store a batch in one transaction; returns the games for which other moves are stored."""

        async def store(connection: AsyncConnection[Any]) -> set[str]:
            async with connection.transaction():
                contradicted = await _insert(connection, entries)
                await _finish(connection, [entry for entry in entries if entry.game_id not in contradicted])
            return contradicted

        contradicted: set[str] = await self._run(store)
        return contradicted

    async def create_game(self, game: Game) -> None:
        """Store a new game."""
        values = (
            game.id,
            game.white.id,
            game.black.id,
            game.white.sri,
            game.black.sri,
            game.clock.initial_ms // 1000,
            game.clock.increment_ms // 1000,
            game.epoch,
        )

        async def store(connection: AsyncConnection[Any]) -> None:
            await connection.execute(INSERT_GAME, values)

        await self._run(store)

    async def withdraw_game(self, game_id: str) -> None:
        """Delete a game to which no player was sent. A game with a move stays."""

        async def remove(connection: AsyncConnection[Any]) -> None:
            await connection.execute(WITHDRAW_GAME, (game_id,))

        await self._run(remove)

    async def reread(self, game_id: str) -> Game | None:
        """Make a game again from what is stored, under the next epoch; None if there is no such game."""

        async def read(connection: AsyncConnection[Any]) -> Any:
            async with connection.transaction():
                found = await (await connection.execute(RAISE_EPOCH, (game_id,))).fetchone()
                moves = await (await connection.execute(SELECT_MOVES, (game_id,))).fetchall()
            return found, moves

        found, moves = await self._run(read)
        return None if found is None else _restored(game_id, found, [MoveRow(*row) for row in moves])

    async def live_games(self, after: str) -> list[str]:
        """Return the ids of up to a thousand games in play that follow `after`, in order."""

        async def read(connection: AsyncConnection[Any]) -> list[str]:
            return [row[0] for row in await (await connection.execute(LIVE_GAMES, (after,))).fetchall()]

        found: list[str] = await self._run(read)
        return found

    async def _run(self, work: Callable[[AsyncConnection[Any]], Awaitable[Any]]) -> Any:
        began_ms = self._clock.now_ms()
        try:
            async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
                answer = await work(connection)
        except (psycopg.Error, PoolTimeout, PoolClosed, OSError) as error:
            typed = from_postgresql(error)
            if isinstance(typed, UnavailableError):
                self._health.failed(began_ms, typed)
            raise typed from error
        self._health.answered("postgresql")
        return answer


async def _insert(connection: AsyncConnection[Any], entries: Sequence[Entry]) -> set[str]:
    asked = [(entry.game_id, row) for entry in entries for row in entry.rows]
    if not asked:
        return set()
    columns = (
        [game_id for game_id, _ in asked],
        [row.ply for _, row in asked],
        [row.uci for _, row in asked],
        [row.san for _, row in asked],
        [row.a for _, row in asked],
        [row.white_ms for _, row in asked],
        [row.black_ms for _, row in asked],
    )
    inserted = set(await (await connection.execute(INSERT_MOVES, columns)).fetchall())
    rest = {(game_id, row.ply): row for game_id, row in asked if (game_id, row.ply) not in inserted}
    return await _contradicted(connection, rest) if rest else set()


async def _contradicted(connection: AsyncConnection[Any], rest: dict[tuple[str, int], MoveRow]) -> set[str]:
    keys = ([game_id for game_id, _ in rest], [ply for _, ply in rest])
    held = await (await connection.execute(SELECT_HELD, keys)).fetchall()
    agreed = {
        (game_id, ply)
        for game_id, ply, uci, a in held
        if rest[game_id, ply].uci == uci and rest[game_id, ply].a == a
    }
    return {game_id for game_id, ply in rest if (game_id, ply) not in agreed}


async def _finish(connection: AsyncConnection[Any], entries: Sequence[Entry]) -> None:
    ended = [(entry.game_id, entry.finish) for entry in entries if entry.finish is not None]
    if ended:
        columns = (
            [game_id for game_id, _ in ended],
            [finish.status for _, finish in ended],
            [finish.winner for _, finish in ended],
            [finish.result for _, finish in ended],
            [finish.pgn for _, finish in ended],
        )
        await connection.execute(FINISH_GAMES, columns)


def _restored(game_id: str, found: Any, rows: list[MoveRow]) -> Game:
    epoch, white, black, white_sri, black_sri, initial, increment, status, winner, created_ms = found
    fresh = new_game(
        game_id,
        white=Player(id=white, sri=white_sri),
        black=Player(id=black, sri=black_sri),
        initial_seconds=initial,
        increment_seconds=increment,
        now_ms=created_ms,
        epoch=epoch,
    )
    return with_ending(replayed(fresh, rows), status, winner)


def with_ending(game: Game, status: Status, winner: Color | None) -> Game:
    """Return a game with its stored end, which is one more event."""
    return game if status == "started" else replace(game, status=status, winner=winner, v=game.v + 1)
