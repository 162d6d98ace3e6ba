"""Games and moves in PostgreSQL. Each method is one transaction with a time limit.

Looking at a game never writes; taking it over raises its epoch. Moves and ends are stored under the fence (fence.py):
compared with what is there, never written over it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, Literal, TypeVar

import msgspec
from msgspec.structs import replace
from psycopg.pq.abc import PGresult

from chess_server.game.record import MoveRow
from chess_server.game.state import Game, digest_of
from chess_server.store.errors import BrokenGameError, LateError, SaturatedError, UnavailableError
from chess_server.store.health import Health, RedisTime
from chess_server.store.postgres import statements
from chess_server.store.postgres.fence import Entry, Held, Standing, Verdict, judge
from chess_server.store.postgres.sessions import Session, Sessions, Use
from chess_server.store.postgres.stored import StoredGame, ends_of, moves_of, restored
from chess_server.supervisor import Progress

PROBE_SECONDS = 1.0
IDLE_SECONDS = 10.0

T = TypeVar("T")
Stored = Verdict | Literal["locked", "missing"]
"""What became of an entry. `locked`: another transaction holds the game; `missing`: PostgreSQL has no such game."""


class Database:
    """The database, over a server's sessions. Its methods raise UnavailableError and BrokenGameError.

    `cluster`: whose games these are. A game that players of another cluster come to is taken over with its epoch.
    """

    def __init__(self, sessions: Sessions, health: Health, clock: RedisTime, cluster: str) -> None:
        self._cluster = cluster
        self._sessions = sessions
        self._health = health
        self._clock = clock
        self._wrote_at = monotonic()

    async def commit(
        self, entries: Sequence[Entry], limit_ms: int = statements.STATEMENT_MS, use: Use = "moves"
    ) -> dict[str, Stored]:
        """Store a batch in one transaction, at most one entry a game; returns what became of each game's.

        `limit_ms`: how long a statement may take; a LateError then, which says nothing of the store.
        """

        async def store(session: Session) -> dict[str, Stored]:
            standings, mine = await _lock(session, [entry.game_id for entry in entries], limit_ms)
            held = await _held(session, entries, standings)
            verdicts = {
                entry.game_id: _verdict(entry, standings, mine, held.get(entry.game_id, {}))
                for entry in entries
            }
            await _write(session, [one for one in entries if verdicts[one.game_id] == "store"], standings)
            return verdicts

        return await self._run(use, store)

    async def create_game(self, game: Game) -> None:
        """Store a new game: of its players' secrets the digests, and not who they were in the lobby."""
        values = (
            game.id,
            digest_of(game.id, game.white.id),
            digest_of(game.id, game.black.id),
            game.clock.initial_ms // 1000,
            game.clock.increment_ms // 1000,
            game.epoch,
            self._cluster,
        )
        await self._ask("commits", statements.INSERT_GAME, values)

    async def withdraw_game(self, game_id: str) -> None:
        """Delete a game to which no player was sent. A game with a move stays."""
        await self._ask("commits", statements.WITHDRAW_GAME, (game_id,))

    async def load(self, game_id: str, *, for_player: bool = False) -> Game | None:
        """Make a game again from what is stored, under its stored epoch; None if there is no such game.

        `for_player`: a player waits for it, who does not queue behind those who look on.
        """
        use: Use = "commits" if for_player else "reads"
        games, moves = await self._ask(use, statements.LOAD_GAME, {"id": game_id}, counts=False)
        return restored(StoredGame(*games[0]), _moves(moves)) if games else None

    async def take_over(self, seen: Game) -> Game | None:
        """Raise the epoch of a game in play: none stores under the one seen any more. None if it was raised before."""
        values = {"id": seen.id, "seen": seen.epoch, "cluster": self._cluster}
        games, moves = await self._ask("commits", statements.TAKE_OVER, values)
        if not games:
            return None
        game, rows = StoredGame(*games[0]), _moves(moves)
        if seen.moves == " ".join(row.uci for row in rows):
            return replace(seen, epoch=game.epoch)
        return restored(game, rows)

    async def live_games(self, after: str) -> list[str]:
        """Return the ids of up to a thousand of the cluster's games in play that follow `after`, in order."""
        values = {"after": after, "cluster": self._cluster}
        [found] = await self._ask("reads", statements.LIVE_GAMES, values, counts=False)
        return [row[0] for row in found]

    async def delete_finished(self, days: int, most: int) -> int:
        """Delete the cluster's games that ended more than so many days ago, with their moves; return how many."""
        values = (days, self._cluster, most)
        [deleted] = await self._ask("reads", statements.DELETE_FINISHED, values, counts=False)
        return len(deleted)

    async def keep_probing(self, progress: Progress) -> None:
        """Try whether PostgreSQL takes writes while it does not, or while nobody else asks; until cancelled."""
        while True:
            progress()
            await asyncio.sleep(PROBE_SECONDS)
            idle = monotonic() - self._wrote_at > IDLE_SECONDS
            if idle or self._health.failing_seconds("postgresql"):
                await self._probe()

    async def _probe(self) -> None:
        began_ms = self._clock.now_ms()
        try:
            await self._ask("commits", statements.PROBE, {"id": f"probe {random.getrandbits(64):x}"})
        except LateError as error:  # of no game: the tables are locked
            self._health.failed(began_ms, SaturatedError(error.store, error.detail))
        except (UnavailableError, BrokenGameError):
            pass

    async def _ask(self, use: Use, statement: str, values: Any, *, counts: bool = True) -> list[list[Any]]:
        async def work(session: Session) -> list[list[Any]]:
            return await _results(session, statement, values)

        return await self._run(use, work, counts=counts)

    async def _run(self, use: Use, work: Callable[[Session], Awaitable[T]], *, counts: bool = True) -> T:
        """Call PostgreSQL. `counts`: the outcome says whether it takes moves; to answer readers is not enough."""
        began_ms, began = self._clock.now_ms(), monotonic()
        try:
            answer = await self._sessions.run(use, work)
        except UnavailableError as error:
            if counts and not isinstance(error, LateError):
                self._health.failed(began_ms, error)
            raise
        self._health.on_call("postgresql", monotonic() - began)
        if counts:
            self._health.answered("postgresql")
            self._wrote_at = monotonic()
        return answer


def _moves(rows: list[Any]) -> list[MoveRow]:
    return [MoveRow(*row) for row in rows]


async def _results(session: Session, statement: str, values: Any) -> list[list[Any]]:
    """Run statements in one message; return the rows of each that has any columns."""
    cursor = await session.execute(statement, values)
    return [await result.fetchall() async for result in cursor.results() if result.description]


def _texts(result: PGresult) -> list[list[Any]]:
    """Return rows as PostgreSQL writes them; None for NULL."""
    columns = range(result.nfields)
    return [[_text(result.get_value(row, column)) for column in columns] for row in range(result.ntuples)]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


async def _lock(
    session: Session, game_ids: list[str], limit_ms: int
) -> tuple[dict[str, Standing], frozenset[str]]:
    """Begin a transaction; return how games stand, and which of them it has locked."""
    ids = " ".join(game_ids)
    statement = statements.LOCK_GAMES.format(statement_ms=limit_ms, lock_ms=statements.LATE_LOCK_MS)
    results = await session.ask(statement, ids, ids)
    locked, found = [_texts(result) for result in results if result.nfields]
    standings = {
        game_id: Standing(epoch=int(epoch), ply=int(ply or 0), status=status, winner=winner)
        for game_id, epoch, ply, status, winner in found
    }
    return standings, frozenset(row[0] for row in locked)


async def _held(
    session: Session, entries: Sequence[Entry], standings: dict[str, Standing]
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
        [rows] = await _results(session, statements.SELECT_HELD, keys)
        for game_id, ply, uci, a in rows:
            found.setdefault(game_id, {})[ply] = (uci, a)
    return found


def _verdict(entry: Entry, standings: dict[str, Standing], mine: frozenset[str], held: Held) -> Stored:
    standing = standings.get(entry.game_id)
    if standing is None:
        return "missing"
    return judge(entry, standing, held) if entry.game_id in mine else "locked"


async def _write(session: Session, entries: Sequence[Entry], standings: dict[str, Standing]) -> None:
    """Store entries and end the transaction."""
    parts = [
        (statements.STORE_MOVES, moves_of(entries, standings)),
        (statements.STORE_ENDS, ends_of(entries)),
    ]
    wanted = [(statement, rows) for statement, rows in parts if rows]
    results = await session.ask(
        "".join(statement for statement, _ in wanted) + statements.COMMIT,
        *(_encode(rows).decode() for _, rows in wanted),
    )
    counts = [result.command_tuples for result in results][: len(wanted)]
    if counts != [len(rows) for _, rows in wanted]:
        # The games are locked since they were compared, so this cannot be.
        raise AssertionError(f"PostgreSQL has stored {counts} rows of {[len(rows) for _, rows in wanted]}")


_encode = msgspec.json.Encoder().encode
