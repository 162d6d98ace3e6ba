"""What is kept of positions changes no result, and is bounded."""

import random

import chess
import pytest

from chess_server.game.boards import Boards
from chess_server.game.position import Position
from chess_server.game.rules import START, IllegalMoveError, play

AFTER_E4 = "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"


def test_a_move_may_be_made_again_and_another_instead() -> None:
    first = play(START, "e2e4", game="again")
    assert play(START, "e2e4", game="again") == first
    assert play(START, "d2d4", game="again").fen != first.fen
    assert play(first.fen, "e7e5", game="again") == play(first.fen, "e7e5")
    with pytest.raises(IllegalMoveError):
        play(first.fen, "e2e4", game="again", last="e2e4")


@pytest.mark.parametrize("seed", range(8))
def test_a_server_that_sees_every_other_move_agrees(seed: int) -> None:
    chance, board = random.Random(seed), chess.Board()  # noqa: S311 - any game will do
    last = ""
    for _ in range(150):
        moves = list(board.legal_moves)
        if not moves or board.is_insufficient_material() or board.halfmove_clock >= 150:
            break
        wild = [one for one in moves if one.promotion or board.is_capture(one) or board.is_castling(one)]
        move = chance.choice(wild or moves)
        here = chance.random() < 0.5
        fen = board.fen()
        board.push(move)
        if here:
            assert play(fen, move.uci(), game=f"half {seed}", last=last).fen == board.fen()
        last = move.uci()


@pytest.mark.parametrize(
    "kept_fen, last",
    [
        pytest.param(AFTER_E4, "", id="as it is"),
        pytest.param(START, "e2e4", id="one move behind"),
        pytest.param(START, "d2d4", id="another move"),
        pytest.param(START, "e7e5", id="a move of the other side"),
        pytest.param(START, "", id="no move"),
        pytest.param("8/8/8/8/8/8/8/K1k5 w - - 0 1", "e2e4", id="another game"),
        pytest.param("8/8/8/8/8/8/4P3/K1k5 w - - 0 1", "e2e4", id="another game with that move"),
        pytest.param("8/8/8/8/8/8/4K3/7k w - - 0 1", "e2h5", id="moves behind, with a king there"),
    ],
)
def test_whatever_is_kept_the_position_is_that_of_the_fen(kept_fen: str, last: str) -> None:
    boards = Boards()
    boards.keep("game", kept_fen, Position(kept_fen))
    assert boards.take("game", AFTER_E4, last).board.fen() == AFTER_E4
    assert len(boards) == 0


def test_the_positions_used_last_are_kept() -> None:
    boards = Boards(most=3)
    positions = [Position(START) for _ in range(5)]
    for number, position in enumerate(positions):
        boards.keep(str(number), START, position)
    assert len(boards) == 3
    assert [boards.take(str(number), START, "") is positions[number] for number in range(5)] == [
        False, False, True, True, True,
    ]  # fmt: skip
