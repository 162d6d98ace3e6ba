"""One position, made to be moved on: a python-chess board without its stack, and the letters on its squares.

python-chess says which moves are legal. What it takes long for is done here once a move: a FEN is written from the
letters (reading and writing them was most of a move's cost), and a move changes one rank of it or two. The legal moves
to its square, which prove a move, are those that its SAN must tell it apart from.
"""

import re
from functools import lru_cache

import chess

EMPTY = ord(".")
BACK_RANK_ROOKS = {chess.G1: (chess.H1, chess.F1), chess.C1: (chess.A1, chess.D1)} | {
    chess.G8: (chess.H8, chess.F8),
    chess.C8: (chess.A8, chess.D8),
}
"""Where a castled king stands → from where to where its rook moves."""
CASTLING_LETTERS = {chess.BB_H1: "K", chess.BB_A1: "Q", chess.BB_H8: "k", chess.BB_A8: "q"}


_empty_squares = re.compile(r"\.+")


@lru_cache(maxsize=1 << 14)
def _rank(letters: bytes) -> str:
    """Write one rank of a FEN."""
    return _empty_squares.sub(lambda run: str(len(run[0])), letters.decode())


@lru_cache(maxsize=16)
def _castling(rights: int) -> str:
    return "".join(letter for rook, letter in CASTLING_LETTERS.items() if rights & rook) or "-"


@lru_cache(maxsize=1 << 12)
def _move(uci: str) -> chess.Move:
    """Read a move; raises chess.InvalidMoveError."""
    return chess.Move.from_uci(uci)


class Position:
    """A position that changes with each move."""

    __slots__ = ("_letters", "_ranks", "board")

    def __init__(self, fen: str) -> None:
        self.board = chess.Board(fen)
        self.board.castling_rights = self.board.clean_castling_rights()  # and so they stay
        rows = "".join("." * int(one) if one.isdigit() else one for one in fen.partition(" ")[0]).split("/")
        self._letters = bytearray("".join(reversed(rows)).encode())
        self._ranks = [_rank(row.encode()) for row in rows]

    def find(self, uci: str) -> tuple[chess.Move, int] | None:
        """Return the legal move, and from where pieces of its kind could move there too; None if it is not legal.

        Raises chess.InvalidMoveError.
        """
        board, move = self.board, _move(uci)
        piece = board.piece_type_at(move.from_square) if move else None
        if piece is None:
            return None
        if piece == chess.KING:
            return self._find_king_move(uci)
        from_mask = chess.BB_SQUARES[move.from_square]
        mask = from_mask if piece == chess.PAWN else board.pieces_mask(piece, board.turn)
        legal, others = False, 0
        for candidate in board.generate_legal_moves(mask, chess.BB_SQUARES[move.to_square]):
            if candidate == move:
                legal = True
            else:
                others |= chess.BB_SQUARES[candidate.from_square]
        return (move, others & ~from_mask) if legal else None

    def _find_king_move(self, uci: str) -> tuple[chess.Move, int] | None:
        """Castling may be written in two ways, and python-chess knows both."""
        try:
            return self.board.parse_uci(uci), 0
        except chess.IllegalMoveError:
            return None

    def san(self, move: chess.Move, others: int) -> str:
        """Write a legal move, without a sign of check. It is told apart from those of the same kind from `others`."""
        to, letter = chess.SQUARE_NAMES[move.to_square], chr(self._letters[move.from_square]).upper()
        if letter == "P":
            return self._pawn_san(move, to)
        if letter == "K" and self.board.is_castling(move):
            return (
                "O-O" if chess.square_file(move.to_square) > chess.square_file(move.from_square) else "O-O-O"
            )
        capture = "" if self._letters[move.to_square] == EMPTY else "x"
        return f"{letter}{_origin(move.from_square, others) if others else ''}{capture}{to}"

    def _pawn_san(self, move: chess.Move, to: str) -> str:
        promotion = "" if move.promotion is None else "=" + chess.piece_symbol(move.promotion).upper()
        if (move.from_square - move.to_square) % 8 == 0:
            return to + promotion
        return f"{chess.FILE_NAMES[chess.square_file(move.from_square)]}x{to}{promotion}"

    def follow(self, uci: str) -> bool:
        """Make a move that was legal somewhere; False if it cannot be made here: this may be moves behind."""
        if not uci:
            return False
        move = _move(uci)
        if not self.board.is_pseudo_legal(move):
            return False
        self.push(move)
        return True

    def push(self, move: chess.Move) -> bool:
        """Make a legal move; return whether no position before it can occur again."""
        board = self.board
        rights = board.castling_rights
        loses_en_passant = board.ep_square is not None and board.has_legal_en_passant()
        self._move_letters(move)
        board.push(move)
        board.clear_stack()
        return board.halfmove_clock == 0 or board.castling_rights != rights or loses_en_passant

    def _move_letters(self, move: chess.Move) -> None:
        letters, origin, to = self._letters, move.from_square, move.to_square
        letter = letters[origin]
        if letter in b"Pp" and letters[to] == EMPTY and (to - origin) % 8:
            letters[(origin & 56) | (to & 7)] = EMPTY  # en passant: beside the pawn that takes
        elif letter in b"Kk" and self.board.is_castling(move):
            rook, beside = BACK_RANK_ROOKS[to]
            letters[beside], letters[rook] = letters[rook], EMPTY
        if move.promotion is not None:
            symbol = chess.piece_symbol(move.promotion)
            letter = ord(symbol.upper() if self.board.turn else symbol)
        letters[origin], letters[to] = EMPTY, letter
        # Also what castling and en passant change is on the rank that the move begins on.
        self._write_rank(origin >> 3)
        self._write_rank(to >> 3)

    def _write_rank(self, rank: int) -> None:
        self._ranks[7 - rank] = _rank(bytes(self._letters[8 * rank : 8 * rank + 8]))

    @property
    def has_moves(self) -> bool:
        """Whether there is a legal move; not asked in check."""
        board = self.board
        return self._has_free_pawn() or any(board.generate_legal_moves())

    @property
    def is_bare(self) -> bool:
        """Whether nobody can mate any more."""
        board = self.board
        return not board.pawns | board.rooks | board.queens and board.is_insufficient_material()

    def _has_free_pawn(self) -> bool:
        """Whether a pawn may step forward that stands on no line with its king, so that it is not pinned."""
        board = self.board
        king = board.king(board.turn)
        if king is None:
            return False
        lines = (
            chess.BB_RANK_ATTACKS[king][0] | chess.BB_FILE_ATTACKS[king][0] | chess.BB_DIAG_ATTACKS[king][0]
        )
        pawns = board.pawns & board.occupied_co[board.turn] & ~lines
        ahead = pawns << 8 if board.turn else pawns >> 8
        return bool(ahead & ~board.occupied)

    def fen(self) -> str:
        """Write the position as python-chess does."""
        board = self.board
        en_passant = "-"
        if board.ep_square is not None and board.has_legal_en_passant():
            en_passant = chess.SQUARE_NAMES[board.ep_square]
        castling = _castling(board.castling_rights)
        turn = "w" if board.turn else "b"
        return f"{'/'.join(self._ranks)} {turn} {castling} {en_passant} {board.halfmove_clock} {board.fullmove_number}"


def _origin(square: int, others: int) -> str:
    """Name as much of a square as tells it apart: the file if that does, else the rank, else both."""
    on_rank = others & chess.BB_RANKS[chess.square_rank(square)]
    on_file = others & chess.BB_FILES[chess.square_file(square)]
    column = chess.FILE_NAMES[chess.square_file(square)] if on_rank or not on_file else ""
    return column + (chess.RANK_NAMES[chess.square_rank(square)] if on_file else "")
