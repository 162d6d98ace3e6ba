"""Every move, every SAN, every FEN and every ending as python-chess says."""

import random

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chess_server.game.rules import START, BadMoveError, IllegalMoveError, play

SQUARES = [file + rank for file in "abcdefgh" for rank in "12345678"]


def expected(fen: str, uci: str) -> tuple[str, str, str, bool, str | None]:
    """What python-chess alone makes of a move: UCI, SAN, FEN, whether it is irreversible, how the game ends."""
    board = chess.Board(fen)
    move = board.parse_uci(uci)
    irreversible = board.is_irreversible(move)
    san = board.san_and_push(move)
    status = None
    if not any(board.generate_legal_moves()):
        status = "mate" if board.is_check() else "stalemate"
    elif board.halfmove_clock >= 150 or board.is_insufficient_material():
        status = "draw"
    return move.uci(), san, board.fen(), irreversible, status


def made(fen: str, uci: str) -> tuple[str, str, str, bool, str | None]:
    done = play(fen, uci)
    return done.uci, done.san, done.fen, done.irreversible, done.status


def check_every_move(fen: str) -> None:
    """Make each legal move, some of the others, and see that nothing differs."""
    board = chess.Board(fen)
    legal = {move.uci() for move in board.legal_moves}
    for uci in legal:
        assert made(fen, uci) == expected(fen, uci), (fen, uci)
    for move in board.generate_castling_moves():
        rook = board._to_chess960(move).uci()
        assert made(fen, rook) == expected(fen, rook), (fen, rook)


def check_no_other_move(fen: str, pairs: list[tuple[str, str]], promotion: str) -> None:
    board = chess.Board(fen)
    for origin, to in pairs:
        uci = origin + to + promotion
        try:
            board.parse_uci(uci)
        except ValueError:
            with pytest.raises((IllegalMoveError, BadMoveError)):
                play(fen, uci)
        else:
            assert made(fen, uci) == expected(fen, uci)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.floats(0, 1))
def test_random_games_agree_ply_by_ply(seed: int, share: float) -> None:
    chance = random.Random(seed)  # noqa: S311 - any game will do
    fen = START
    for _ in range(160):
        board = chess.Board(fen)
        moves = list(board.legal_moves)
        wild = [move for move in moves if move.promotion or board.is_capture(move) or board.is_castling(move)]
        move = chance.choice(wild if wild and chance.random() < share else moves)
        pairs = [(chance.choice(SQUARES), chance.choice(SQUARES)) for _ in range(3)]
        check_no_other_move(fen, pairs, chance.choice(["", "", "q", "n", "k"]))
        done = made(fen, move.uci())
        assert done == expected(fen, move.uci()), (fen, move)
        fen = done[2]
        if done[4] is not None:
            break


@pytest.mark.parametrize(
    "fen",
    [
        pytest.param("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 3 9", id="castling for both"),
        pytest.param("r3k2r/8/8/8/8/8/8/R3K2R b KQkq - 3 9", id="castling for black"),
        pytest.param("r3k2r/8/8/8/4q3/8/8/R3K2R w KQkq - 3 9", id="castling out of check"),
        pytest.param("4k3/8/8/8/8/8/8/RR2K2R w KQ - 3 9", id="two rooks on one side"),
        pytest.param("rnbqkbnr/ppp1p1pp/8/3pPp2/8/8/PPPP1PPP/RNBQKBNR w KQkq f6 0 3", id="en passant"),
        pytest.param("8/8/8/K2pP2q/8/8/8/7k w - d6 0 3", id="en passant that uncovers the king"),
        pytest.param("8/6bb/8/8/R1pP2k1/4P3/P7/K7 b - d3 0 3", id="en passant in check"),
        pytest.param("1n1n4/P1P1P1P1/8/8/8/8/4k1p1/4K2R w K - 0 1", id="promotions"),
        pytest.param("7k/8/8/8/8/8/p1p3p1/1N1N3K b - - 0 1", id="black promotes"),
        pytest.param("Q6Q/8/8/8/8/8/k7/Q6Q w - - 0 1", id="four queens to one square"),
        pytest.param("3R4/8/8/R7/8/7k/8/R6K w - - 0 1", id="three rooks"),
        pytest.param("8/8/8/1N1N4/8/1N1N4/8/k1K5 w - - 0 1", id="four knights"),
        pytest.param("4r1k1/8/8/8/8/8/4N1N1/4K3 w - - 0 1", id="one of two knights is pinned"),
        pytest.param("7k/5Q2/8/8/8/8/8/K7 b - - 0 1", id="stalemate"),
        pytest.param("7k/8/5Q2/8/8/8/8/K7 w - - 0 1", id="stalemate ahead"),
        pytest.param("7k/8/8/8/8/8/6p1/5B1K b - - 149 90", id="seventy-five moves ahead"),
        pytest.param("k7/8/8/8/8/8/5p2/6BK w - - 0 1", id="insufficient material ahead"),
        pytest.param("rnb1kbnr/pppp1ppp/8/4p3/5PPq/8/PPPPP2P/RNBQKBNR w KQkq - 1 3", id="mated"),
        pytest.param("6k1/5ppp/8/8/8/8/8/R5K1 w - - 0 1", id="mate ahead"),
        pytest.param("k7/p7/P7/8/8/7p/7P/7K w - - 0 1", id="no free pawn"),
        pytest.param("7k/8/8/1b6/8/3P4/4K3/8 w - - 0 1", id="only a pawn on a line with its king"),
    ],
)
def test_every_move_of_a_special_position_agrees(fen: str) -> None:
    check_every_move(fen)
    check_no_other_move(fen, [(a, b) for a in SQUARES[::3] for b in SQUARES[::2]], "")
    check_no_other_move(fen, [(a, b) for a in SQUARES[::5] for b in SQUARES[::3]], "q")


@pytest.mark.parametrize("uci", ["", "e2", "e2e9", "hello", "e2e4e5", "e7e8x", "E2E4", "e2 e4", "@@@@"])
def test_no_move_at_all(uci: str) -> None:
    with pytest.raises(BadMoveError, match="allowed: a move in UCI notation"):
        play(START, uci)


@pytest.mark.parametrize("uci", ["0000", "P@e4", "Q@e4", "e7e5", "e4e5", "e1g1", "e2e4q", "a1a1"])
def test_a_move_that_is_not_legal_leaves_the_position_as_it_was(uci: str) -> None:
    for _ in range(2):
        with pytest.raises((IllegalMoveError, BadMoveError)):
            play(START, uci)
    assert made(START, "e2e4") == expected(START, "e2e4")
