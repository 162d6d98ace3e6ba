"""Long legal games for the load: real openings, then moves that neither end a game nor let a rule end it. Pure.

A measurement must not run out of moves, and must reach positions that no short game has: past move 150 a server's
history, repetition table and records are as large as they get.
"""

from collections import Counter
from collections.abc import Sequence
from random import Random

import chess

OPENING_PLIES = 40
QUIET_PLIES = 90
"""After that many moves without capture or pawn move the line makes one: the 75-move rule ends a game at 150."""
SEEN_AT_MOST = 2


class LinesError(RuntimeError):
    """No line of that length was found."""


def lines(
    openings: Sequence[Sequence[str]], count: int, plies: int, seed: int = 1
) -> tuple[tuple[str, ...], ...]:
    """Return that many different lines, each at least `plies` long."""
    long_enough = [opening for opening in openings if len(opening) > OPENING_PLIES]
    return tuple(
        line(long_enough[number % len(long_enough)], plies, Random(seed * 1_000_003 + number))
        for number in range(count)
    )


def line(opening: Sequence[str], plies: int, rng: Random) -> tuple[str, ...]:
    """Play an opening, then go on to that many plies."""
    board = chess.Board()
    for uci in opening[:OPENING_PLIES]:
        board.push_uci(uci)
    seen = Counter([_position(board)])
    while board.ply() < plies:
        board.push(_next(board, seen, rng))
        seen[_position(board)] += 1
    return tuple(move.uci() for move in board.move_stack)


def _next(board: chess.Board, seen: Counter[str], rng: Random) -> chess.Move:
    """Choose a move after which the game goes on: a quiet one, or from time to time an irreversible one."""
    moves = list(board.legal_moves)
    rng.shuffle(moves)
    due = board.halfmove_clock >= QUIET_PLIES
    moves.sort(key=lambda move: _rank(board, move, due=due))
    for move in moves:
        board.push(move)
        fine = seen[_position(board)] < SEEN_AT_MOST and _goes_on(board)
        board.pop()
        if fine:
            return move
    raise LinesError(f"no move goes on in {board.fen()}")


def _rank(board: chess.Board, move: chess.Move, *, due: bool) -> int:
    """Rank moves: usually quiet ones first; when one is due pawn moves first, as captures bare the board."""
    if board.is_capture(move):
        return 1 if due else 2
    return int(board.is_zeroing(move) != due)


def _goes_on(board: chess.Board) -> bool:
    return any(board.generate_legal_moves()) and not board.is_insufficient_material()


def _position(board: chess.Board) -> str:
    return board.epd()
