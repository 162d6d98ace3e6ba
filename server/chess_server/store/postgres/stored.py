"""How a game lies in PostgreSQL, and the game made again from it. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from chess_server.game.color import Color
from chess_server.game.record import MoveRow, replayed
from chess_server.game.rules import BadMoveError, IllegalMoveError
from chess_server.game.state import Game, Player, new_game
from chess_server.game.status import Status
from chess_server.store.errors import CorruptError
from chess_server.store.postgres.fence import Entry


class StoredGame(NamedTuple):
    """A row of `games`, in the order of the statements that read it."""

    id: str
    epoch: int
    white: str
    black: str
    white_sri: str
    black_sri: str
    initial_seconds: int
    increment_seconds: int
    status: Status
    winner: Color | None
    created_ms: int


def restored(stored: StoredGame, rows: Sequence[MoveRow]) -> Game:
    """Make a game from its row and its moves, under its stored epoch. Raises CorruptError."""
    if [row.ply for row in rows] != list(range(1, len(rows) + 1)):
        raise CorruptError(stored.id, "its history has a hole")
    fresh = new_game(
        stored.id,
        white=Player(id=stored.white, sri=stored.white_sri),
        black=Player(id=stored.black, sri=stored.black_sri),
        initial_seconds=stored.initial_seconds,
        increment_seconds=stored.increment_seconds,
        now_ms=stored.created_ms,
        epoch=stored.epoch,
    )
    try:
        game = replayed(fresh, rows)
    except (BadMoveError, IllegalMoveError) as error:
        raise CorruptError(stored.id, f"its history has a move that is not legal: {error}") from None
    return with_ending(game, stored.status, stored.winner)


def with_ending(game: Game, status: Status, winner: Color | None) -> Game:
    """Return a game with its stored end, which is one more event."""
    return game if status == "started" else replace(game, status=status, winner=winner, v=game.v + 1)


def moves_of(entries: Iterable[tuple[Entry, Sequence[MoveRow]]]) -> list[dict[str, Any]]:
    """Return moves of entries as statements.STORE_MOVES takes them."""
    return [
        {
            "game_id": entry.game_id,
            "epoch": entry.epoch,
            "ply": row.ply,
            "uci": row.uci,
            "san": row.san,
            "a": row.a,
            "white_ms": row.white_ms,
            "black_ms": row.black_ms,
        }
        for entry, rows in entries
        for row in rows
    ]


def ends_of(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return the ends, as statements.STORE_ENDS takes them."""
    return [
        {
            "game_id": entry.game_id,
            "epoch": entry.epoch,
            "status": entry.finish.status,
            "winner": entry.finish.winner,
            "result": entry.finish.result,
        }
        for entry in entries
        if entry.finish is not None
    ]
