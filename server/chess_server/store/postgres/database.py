"""Games and moves in PostgreSQL. Each method is one transaction with a time limit.

Looking at a game never writes; taking it over raises its epoch. Moves and ends are stored under the fence (fence.py):
compared with what is there, never written over it.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

import psycopg
from msgspec.structs import replace
from psycopg import AsyncClientCursor, AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from chess_server.game.record import MoveRow
from chess_server.game.state import Game
from chess_server.store.classification import from_postgresql
from chess_server.store.errors import UnavailableError
from chess_server.store.health import Health, RedisTime
from chess_server.store.postgres import statements
from chess_server.store.postgres.fence import Entry, Held, Standing, Verdict, judge, new_rows
from chess_server.store.postgres.stored import StoredGame, restored, stored_as

WAIT_SECONDS = 3.0

Stored = Verdict | Literal["locked", "missing"]
"""What became of an entry. `locked`: another transaction holds the game; `missing`: PostgreSQL has no such game."""


def connection_settings(ca_file: str | None) -> dict[str, Any]:
    """Return psycopg's options: time limits everywhere, and the server's certificate checked if a CA is given."""
    tls = {"sslmode": "verify-full", "sslrootcert": ca_file} if ca_file else {}
    return {
        "autocommit": True,
        "prepare_threshold": None,
        "connect_timeout": 3,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 6000,
        "application_name": "chess-server",
        **tls,
    }


def connection_pool(
    url: str, ca_file: str | None, most_connections: int
) -> "AsyncConnectionPool[AsyncConnection[Any]]":
    """Make the pool; it connects when it is opened."""
    return AsyncConnectionPool(
        url,
        kwargs={**connection_settings(ca_file), "cursor_factory": AsyncClientCursor},
        min_size=1,
        max_size=most_connections,
        max_waiting=1000,
        open=False,
        check=None,
        reconnect_timeout=5.0,
    )


class Database:
    """The database, over a pool of connections. Its methods raise UnavailableError and BrokenGameError."""

    def __init__(
        self, pool: "AsyncConnectionPool[AsyncConnection[Any]]", health: Health, clock: RedisTime
    ) -> None:
        self._pool = pool
        self._health = health
        self._clock = clock

    async def commit(self, entries: Sequence[Entry]) -> dict[str, Stored]:
        """Store a batch in one transaction, at most one entry a game; returns what became of each game's."""

        async def store(connection: AsyncConnection[Any]) -> dict[str, Stored]:
            standings, mine = await _lock(connection, [entry.game_id for entry in entries])
            held = await _held(connection, entries, standings)
            verdicts = {
                entry.game_id: _verdict(entry, standings, mine, held.get(entry.game_id, {}))
                for entry in entries
            }
            await _write(connection, [one for one in entries if verdicts[one.game_id] == "store"], standings)
            return verdicts

        stored: dict[str, Stored] = await self._run(store)
        return stored

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
        await self._ask(statements.INSERT_GAME, values)

    async def withdraw_game(self, game_id: str) -> None:
        """Delete a game to which no player was sent. A game with a move stays."""
        await self._ask(statements.WITHDRAW_GAME, (game_id,))

    async def load(self, game_id: str) -> Game | None:
        """Make a game again from what is stored, under its stored epoch; None if there is no such game."""
        games, moves = await self._ask(statements.LOAD_GAME, {"id": game_id})
        return restored(StoredGame(*games[0]), _moves(moves)) if games else None

    async def take_over(self, seen: Game) -> Game | None:
        """Raise the epoch of a game in play: none stores under the one seen any more. None if it was raised before."""
        games, moves = await self._ask(statements.TAKE_OVER, {"id": seen.id, "seen": seen.epoch})
        if not games:
            return None
        game, rows = StoredGame(*games[0]), _moves(moves)
        if seen.moves == " ".join(row.uci for row in rows):
            return replace(seen, epoch=game.epoch)
        return restored(game, rows)

    async def live_games(self, after: str) -> list[str]:
        """Return the ids of up to a thousand games in play that follow `after`, in order."""
        [found] = await self._ask(statements.LIVE_GAMES, (after,))
        return [row[0] for row in found]

    async def _ask(self, statement: str, values: Any) -> list[list[Any]]:
        async def work(connection: AsyncConnection[Any]) -> list[list[Any]]:
            return await _results(connection, statement, values)

        found: list[list[Any]] = await self._run(work)
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


def _moves(rows: list[Any]) -> list[MoveRow]:
    return [MoveRow(*row) for row in rows]


async def _results(connection: AsyncConnection[Any], statement: str, values: Any) -> list[list[Any]]:
    """Run statements in one message; return the rows of each that has any columns."""
    cursor = await connection.execute(statement, values)
    return [await result.fetchall() async for result in cursor.results() if result.description]


async def _lock(
    connection: AsyncConnection[Any], game_ids: list[str]
) -> tuple[dict[str, Standing], frozenset[str]]:
    """Begin a transaction; return how games stand, and which of them it has locked."""
    locked, found = await _results(connection, statements.LOCK_GAMES, {"ids": game_ids})
    standings = {
        game_id: Standing(epoch=epoch, ply=ply or 0, status=status, winner=winner)
        for game_id, epoch, ply, status, winner in found
    }
    return standings, frozenset(row[0] for row in locked)


async def _held(
    connection: AsyncConnection[Any], entries: Sequence[Entry], standings: dict[str, Standing]
) -> dict[str, dict[int, tuple[str, int]]]:
    """Read the stored moves at the plies that entries repeat: there are few, after a commit of unknown outcome."""
    asked = [
        (entry.game_id, row.ply)
        for entry in entries
        for row in entry.rows
        if entry.game_id in standings and row.ply <= standings[entry.game_id].ply
    ]
    found: dict[str, dict[int, tuple[str, int]]] = {}
    if asked:
        keys = ([game_id for game_id, _ in asked], [ply for _, ply in asked])
        [rows] = await _results(connection, statements.SELECT_HELD, keys)
        for game_id, ply, uci, a in rows:
            found.setdefault(game_id, {})[ply] = (uci, a)
    return found


def _verdict(entry: Entry, standings: dict[str, Standing], mine: frozenset[str], held: Held) -> Stored:
    standing = standings.get(entry.game_id)
    if standing is None:
        return "missing"
    return judge(entry, standing, held) if entry.game_id in mine else "locked"


async def _write(
    connection: AsyncConnection[Any], entries: Sequence[Entry], standings: dict[str, Standing]
) -> None:
    """Store entries and end the transaction."""
    cursor = await connection.execute(statements.STORE, stored_as(entries, standings))
    counts = [result.rowcount async for result in cursor.results()]
    rows = sum(len(new_rows(entry, standings[entry.game_id])) for entry in entries)
    ends = sum(entry.finish is not None for entry in entries)
    if counts[:2] != [rows, ends]:
        # The games are locked since they were compared, so this cannot be.
        raise AssertionError(f"PostgreSQL has stored {counts[:2]} of {[rows, ends]} moves and ends")
