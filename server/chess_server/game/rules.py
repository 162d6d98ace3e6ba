"""The rules of chess, by python-chess: one position and one move in, one position out."""

import chess
from msgspec import Struct

from chess_server.game.boards import Boards
from chess_server.game.color import Color
from chess_server.game.position import Position
from chess_server.game.status import Status

START = chess.STARTING_FEN
FIFTY_MOVES = 100
SEVENTY_FIVE_MOVES = 150
_boards = Boards()


class BadMoveError(ValueError):
    """Not a move in UCI notation."""


class IllegalMoveError(ValueError):
    """A move that this position does not allow."""


class Played(Struct, frozen=True, kw_only=True):
    """A legal move and the position after it; `status` is set if the move ends the game on the board."""

    uci: str
    san: str
    fen: str
    irreversible: bool
    status: Status | None


def play(fen: str, uci: str, *, game: str = "", last: str = "") -> Played:
    """Play a move; raises BadMoveError or IllegalMoveError. `game` and its `last` move find the position sooner."""
    position = _boards.take(game, fen, last)
    try:
        found = position.find(uci)
    except chess.InvalidMoveError:
        _boards.keep(game, fen, position)
        raise BadMoveError(
            f"u is {uci[:12]!r}; allowed: a move in UCI notation, like e2e4 or e7e8q"
        ) from None
    if found is None:
        _boards.keep(game, fen, position)
        raise IllegalMoveError(f"{uci} is not legal in {fen}")
    played = _played(position, *found)
    if played.status is None:
        _boards.keep(game, played.fen, position)
    return played


def _played(position: Position, move: chess.Move, others: int) -> Played:
    san = position.san(move, others)
    irreversible = position.push(move)
    check = position.board.is_check()
    status = _ending(position, check=check)
    sign = "#" if status == "mate" else "+" if check else ""
    return Played(
        uci=move.uci(), san=san + sign, fen=position.fen(), irreversible=irreversible, status=status
    )


def _ending(position: Position, *, check: bool) -> Status | None:
    board = position.board
    if check:
        if not any(board.generate_legal_moves()):
            return "mate"
    elif not position.has_moves:
        return "stalemate"
    if board.halfmove_clock >= SEVENTY_FIVE_MOVES or position.is_bare:
        return "draw"
    return None


def can_mate(fen: str, color: Color) -> bool:
    """Whether a player has enough material to win if the opponent's flag falls."""
    return not chess.Board(fen).has_insufficient_material(color == "white")


def halfmove_clock(fen: str) -> int:
    """Half-moves since the last capture or pawn move."""
    return int(fen.rsplit(" ", 2)[1])
