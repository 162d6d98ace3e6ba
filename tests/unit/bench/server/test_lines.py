"""Lines are legal, long, and end by no rule, not even by one that a player would have to claim."""

import chess

from chess_bench.bots import games
from chess_bench.server.lines import OPENING_PLIES, lines

PLIES = 320


def test_a_line_is_legal_and_nothing_ends_it() -> None:
    openings = [game.moves for game in games.load(games.BUNDLED).games]
    found = lines(openings, 3, PLIES)
    assert len(set(found)) == 3
    for line in found:
        board = chess.Board()
        for uci in line:
            board.push_uci(uci)
            assert board.outcome() is None
        assert len(line) == PLIES
        assert line[:OPENING_PLIES] in {tuple(opening[:OPENING_PLIES]) for opening in openings}


def test_the_same_seed_gives_the_same_lines() -> None:
    openings = [games.load(games.BUNDLED).games[1].moves] * 2
    longer = [opening * 2 for opening in openings]  # only the first plies count
    assert lines(longer, 2, 60, seed=3) == lines(longer, 2, 60, seed=3) != lines(longer, 2, 60, seed=4)
