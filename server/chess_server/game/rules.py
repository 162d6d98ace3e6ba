"""The rules of chess, by python-chess: one position and one move in, one position out."""

from dataclasses import dataclass

import chess

from chess_server.game.color import Color
from chess_server.game.status import Status

START = chess.STARTING_FEN
FIFTY_MOVES = 100
SEVENTY_FIVE_MOVES = 150


class BadMoveError(ValueError):
    """Not a move in UCI notation."""


class IllegalMoveError(ValueError):
    """A move that this position does not allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A legal move and the position after it; `status` is set if the move ends the game on the board."""

    uci: str
    san: str
    fen: str
    irreversible: bool
    status: Status | None


def play(fen: str, uci: str) -> Played:
    """Play a move; raises BadMoveError or IllegalMoveError."""
    board = chess.Board(fen)
    move = _parse(board, uci)
    irreversible = board.is_irreversible(move)
    san = board.san_and_push(move)
    return Played(uci=move.uci(), san=san, fen=board.fen(), irreversible=irreversible, status=_ending(board))


def _parse(board: chess.Board, uci: str) -> chess.Move:
    try:
        move = board.parse_uci(uci)
    except chess.InvalidMoveError:
        raise BadMoveError(
            f"u is {uci[:12]!r}; allowed: a move in UCI notation, like e2e4 or e7e8q"
        ) from None
    except chess.IllegalMoveError:
        raise IllegalMoveError(f"{uci} is not legal in {board.fen()}") from None
    if not move:
        raise IllegalMoveError(f"{uci} is not legal in {board.fen()}")
    return move


def _ending(board: chess.Board) -> Status | None:
    if not any(board.generate_legal_moves()):
        return "mate" if board.is_check() else "stalemate"
    if board.halfmove_clock >= SEVENTY_FIVE_MOVES or board.is_insufficient_material():
        return "draw"
    return None


def can_mate(fen: str, color: Color) -> bool:
    """Whether a player has enough material to win if the opponent's flag falls."""
    return not chess.Board(fen).has_insufficient_material(color == "white")


def halfmove_clock(fen: str) -> int:
    """Half-moves since the last capture or pawn move."""
    return int(fen.rsplit(" ", 2)[1])
