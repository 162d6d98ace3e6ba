"""What the database stores of a game, and the game made again from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from chess_server.game.clock import restored
from chess_server.game.color import Color, turn_at
from chess_server.game.events import Moved
from chess_server.game.repetition import digest
from chess_server.game.rules import START, play
from chess_server.game.state import REMEMBERED, Accepted, Game, moved
from chess_server.game.status import Status


class MoveRow(Struct, frozen=True, array_like=True):
    """A move as it is stored; `a` is the player's own number of it."""

    ply: int
    uci: str
    san: str
    a: int
    white_ms: int
    black_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The end of a game as it is stored."""

    status: Status
    winner: Color | None
    result: str


def row_of(event: Moved, a: int | None, game: Game) -> MoveRow:
    """Make the row of a move that led to `game`."""
    clock = game.clock
    return MoveRow(event.ply, event.uci, event.san, a or 0, clock.white.left_ms, clock.black.left_ms)


def finish_of(game: Game) -> Finish | None:
    """Make what is stored of the end; None while the game is in play."""
    if not game.over:
        return None
    return Finish(status=game.status, winner=game.winner, result=game.result)


def replayed(game: Game, rows: Sequence[MoveRow]) -> Game:
    """Return a new game with the stored moves made again. The epoch has risen, so versions count from 0 again."""
    for row in rows:
        game = _played(game, row.uci)
    if rows:
        game = replace(game, clock=restored(game.clock, rows[-1].white_ms, rows[-1].black_ms, game.ply))
    return replace(game, accepted=tuple(map(_accepted, rows[-2 * REMEMBERED :])), v=len(rows))


def rewound(game: Game, ply: int) -> Game:
    """Return a game as it was after so many plies, with the clocks as they stand now and no offer open."""
    moves = game.moves.split()[:ply]
    game = replace(
        game,
        ply=0,
        fen=START,
        moves="",
        sans="",
        positions=(digest(START),),
        draw_offer=None,
        takeback_offer=None,
        white_takeback_ply=None,
        black_takeback_ply=None,
    )
    for uci in moves:
        game = _played(game, uci)
    return game


def _played(game: Game, uci: str) -> Game:
    return moved(game, play(game.fen, uci, game=game.id, last=game.last))


def _accepted(row: MoveRow) -> Accepted:
    """Make the accepted command. Castling has two notations, and the row does not say which one the player used."""
    return Accepted(turn_at(row.ply - 1), row.a, "" if row.san.startswith("O-O") else row.uci)
