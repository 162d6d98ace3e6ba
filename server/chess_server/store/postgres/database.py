"""Games and moves in PostgreSQL. Each method is one transaction with a time limit.

Looking at a game never writes; taking it over raises its epoch. Moves and ends are stored under the fence (fence.py):
compared with what is there, never written over it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, TypeVar

from msgspec.structs import replace

from chess_server.game.record import MoveRow
from chess_server.game.state import Game, digest_of
from chess_server.store.errors import BrokenGameError, LateError, SaturatedError, UnavailableError
from chess_server.store.health import Health, RedisTime
from chess_server.store.postgres import batch, statements
from chess_server.store.postgres.batch import Stored
from chess_server.store.postgres.fence import Entry
from chess_server.store.postgres.sessions import Session, Sessions, Use
from chess_server.store.postgres.stored import StoredGame, restored
from chess_server.supervisor import Progress

PROBE_SECONDS = 1.0
IDLE_SECONDS = 10.0

T = TypeVar("T")


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
        """Store a batch, at most one entry a game; returns what became of each game's.

        `limit_ms`: how long a statement may take; a LateError then, which says nothing of the store.
        """
        return await self._run(use, lambda session: batch.store(session, entries, limit_ms))

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

    async def take_back(self, seen: Game, ply: int) -> bool:
        """Delete a game's moves after `ply`, and raise its epoch; False if the game is not as it was seen."""
        values = {"id": seen.id, "seen": seen.epoch, "ply": seen.ply, "back_to": ply}
        _, deleted = await self._ask("commits", statements.TAKE_BACK, values)
        return bool(deleted)

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
