"""Games that PostgreSQL stores late: somebody holds a row of theirs, or a trigger is slow on it.

They are tried alone, on sessions of their own, with a growing limit and a growing pause, until a try is quick again.
So a batch meets each of them once. One session is left to those whose try is short: games that are stuck wait for each
other, and nobody else for them. Nor do they wait for ever for many whose tries are short: the last session that is free
goes to whoever has been due for longest. Pure: monotonic seconds are arguments.
"""

import contextlib
from collections import deque
from collections.abc import Iterator

from msgspec import Struct

from chess_server.store.errors import LateError, SaturatedError, UnavailableError
from chess_server.store.postgres.waiting import Waiting

FIRST_MS = 250
SHORT_MS = 2 * FIRST_MS
"""A try that may take longer does not take the last session."""
LONGEST_MS = 4000
LONGEST_PAUSE_MS = 1000
HELD_SECONDS = 0.02
LONGEST_HELD_SECONDS = 0.32
REMEMBERED_SECONDS = 600.0
MOST_REMEMBERED = 1000


class _Game(Struct, eq=False):
    entries: deque[Waiting]
    due: float
    reason: UnavailableError
    limit_ms: int = FIRST_MS
    held_seconds: float = HELD_SECONDS
    trying: bool = False


class LateGames:
    """The games, with their entries in order. A game without entries is remembered for a while."""

    def __init__(self, sessions: int) -> None:
        self._games: dict[str, _Game] = {}
        self._sessions = sessions

    def __contains__(self, game_id: str) -> bool:
        return game_id in self._games

    @property
    def idle(self) -> bool:
        """Whether no entry waits."""
        return not any(game.entries for game in self._games.values())

    def add(self, waiting: Waiting, now: float) -> None:
        """Add an entry of a game that is late, now or since before; once, however often it is added."""
        game = self._games.get(waiting.game_id)
        if game is None:
            game = self._games[waiting.game_id] = _Game(deque(), now, _late(waiting.game_id))
        if waiting not in game.entries:
            game.entries.append(waiting)

    def held(self, game_id: str, now: float) -> None:
        """Note that another transaction holds the game's row, most likely for a moment."""
        game = self._games[game_id]
        game.due = now + game.held_seconds
        game.held_seconds = min(game.held_seconds * 2, LONGEST_HELD_SECONDS)
        game.reason = SaturatedError("postgresql", f"game {game_id} is locked")

    def late(self, game_id: str, now: float) -> None:
        """Note that a try was late: the next may take twice as long, and begins after a pause."""
        game = self._games[game_id]
        game.due = now + min(game.limit_ms, LONGEST_PAUSE_MS) / 1000
        game.limit_ms = min(game.limit_ms * 2, LONGEST_MS)
        game.reason = _late(game_id)

    def failed(self, game_id: str, reason: UnavailableError, due: float) -> None:
        """Note that a try failed for a reason that concerns the store."""
        self._games[game_id].due, self._games[game_id].reason = due, reason

    def tried(self, waiting: Waiting, seconds: float) -> None:
        """Note how long a try took that was not late. Where its entry is done with, the next one's turn has come."""
        game = self._games[waiting.game_id]
        if not waiting.given_up:
            return  # held
        game.entries.remove(waiting)
        game.held_seconds = HELD_SECONDS
        if seconds * 1000 < FIRST_MS:
            game.limit_ms = FIRST_MS
            if not game.entries:
                del self._games[waiting.game_id]

    def due(self, now: float) -> tuple[Waiting, int] | None:
        """Return an entry to try, and how many milliseconds that may take.

        Of those due, the one likely to be quick; on the last free session, the one that has been due for longest.
        """
        due = [game for game in self._waiting() if game.due <= now]
        last = self._trying() == self._sessions - 1
        game = min(due, key=lambda game: (0 if last else game.limit_ms, game.due), default=None)
        return None if game is None else (game.entries[0], game.limit_ms)

    def due_at(self) -> float:
        """Return when the next try begins; infinite without any."""
        return min((game.due for game in self._waiting()), default=float("inf"))

    def _waiting(self) -> Iterator[_Game]:
        """Return the games that may be tried as soon as they are due."""
        stuck = self._trying(longer_than_ms=SHORT_MS) >= self._sessions - 1
        for game in self._games.values():
            if game.entries and not game.trying and (game.limit_ms <= SHORT_MS or not stuck):
                yield game

    def _trying(self, longer_than_ms: int = 0) -> int:
        return sum(game.trying and game.limit_ms > longer_than_ms for game in self._games.values())

    @contextlib.contextmanager
    def trying(self, game_id: str) -> Iterator[None]:
        """Try a game: nobody else does meanwhile."""
        game = self._games[game_id]
        game.trying = True
        try:
            yield
        finally:
            game.trying = False

    def give_up(self, now: float) -> Iterator[tuple[Waiting, UnavailableError]]:
        """Drop and return the entries that have waited for too long, and why; forget games that were late long ago."""
        for game_id, game in list(self._games.items()):
            if game.trying:
                continue
            while game.entries and (game.entries[0].given_up or game.entries[0].impatient(now)):
                yield game.entries.popleft(), type(game.reason)(game.reason.store, game.reason.detail)
            if not game.entries and game.due < now - REMEMBERED_SECONDS:
                del self._games[game_id]
        for game_id in [game_id for game_id, game in self._games.items() if not game.entries][
            :-MOST_REMEMBERED
        ]:
            del self._games[game_id]


def _late(game_id: str) -> LateError:
    return LateError("postgresql", f"game {game_id} is stored late")
