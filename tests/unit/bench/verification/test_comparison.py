"""Stored games are compared with their sources: moves, position, result, status, and which games there are."""

from dataclasses import replace

import pytest

from chess_bench.bots import games
from chess_bench.bots.ledger import Finished
from chess_bench.verification.comparison import Played, Stored, judge, misread, read_extract, sources

OUTPUT = """[Event "?"]
[Site "g1"]
[Result "1-0"]

e2e4 e7e5 { "fen-one b - - 0 1" } 1-0

[Event "?"]
[Site "g2"]
[Result "0-1"]

a2a4 b7b5 a4b5 a7a6 b5a6 c8b7 a6b7 b8c6 b7a8Q { "fen-two w - - 1 3" } 0-1
"""
READ = games.parse("1. e4 e5 2. Nf3 Nc6 1-0\n\n1. d4 d5 1/2-1/2").games
MOVES = ("e2e4", "e7e5", "g1f3", "b8c6")
END = Played(site="g", result_header="1-0", result="1-0", fen="end", moves=MOVES)
ROW = Stored(game_id="g", status="resign", result="1-0", pgn="…", moves=MOVES)
GAME = Finished(game_id="g", number=1, result="1-0")
SOURCE = {1: (READ[0], END)}


def test_the_extract_is_read_game_by_game() -> None:
    one, two = read_extract(OUTPUT)
    assert one == Played(
        site="g1", result_header="1-0", result="1-0", fen="fen-one b - - 0 1", moves=("e2e4", "e7e5")
    )
    assert (two.site, two.result, two.fen, two.moves[-1]) == ("g2", "0-1", "fen-two w - - 1 3", "b7a8q")


def test_an_equal_game_is_right() -> None:
    assert judge(SOURCE, [GAME], {"g": ROW}, {"g": END}) == []


@pytest.mark.parametrize(
    "row, end, reason",
    [
        pytest.param(None, None, "not in PostgreSQL", id="missing"),
        pytest.param(
            replace(ROW, status="started", result=None, pgn=None),
            None,
            "no PGN in PostgreSQL",
            id="unfinished",
        ),
        pytest.param(ROW, None, "cannot read the stored PGN", id="unreadable"),
        pytest.param(ROW, replace(END, fen="x"), "ends in x, its source in end", id="position"),
        pytest.param(
            replace(ROW, moves=("g1f3", "e7e5", "e2e4", "b8c6")),
            END,
            "stored moves: ply 1 is g1f3, in its source e2e4",
            id="same-position-by-other-moves",
        ),
        pytest.param(
            ROW,
            replace(END, moves=("g1f3", "e7e5", "e2e4", "b8c6")),
            "moves of the stored PGN: ply 1 is g1f3",
            id="other-moves-in-the-pgn",
        ),
        pytest.param(
            replace(ROW, moves=MOVES[:3]), END, "stored moves: 3 plies, its source has 4", id="a-move-less"
        ),
        pytest.param(ROW, replace(END, result_header="0-1"), "results ['0-1', '1-0']", id="header"),
        pytest.param(replace(ROW, result="1/2-1/2"), END, "results", id="row-says-otherwise"),
        pytest.param(
            replace(ROW, status="timeout"), END, "status timeout, its source ends by resign", id="status"
        ),
    ],
)
def test_a_difference_is_named(row: Stored | None, end: Played | None, reason: str) -> None:
    (wrong,) = judge(SOURCE, [GAME], {"g": row} if row else {}, {"g": end} if end else {})
    assert wrong.game_id == "g"
    assert reason in wrong.reason


def test_a_game_that_only_the_database_has_is_wrong() -> None:
    other = replace(ROW, game_id="h", status="started", pgn=None)
    (wrong,) = judge(SOURCE, [GAME], {"g": ROW, "h": other}, {"g": END})
    assert (wrong.game_id, wrong.reason) == ("h", "in PostgreSQL, status started; no player saw it end")


def test_games_find_their_source_by_moves_and_result_wherever_it_stands() -> None:
    between = replace(END, moves=("a2a3", "a7a6"))
    assert sources(READ, [between, END]) == {1: END}


def test_a_game_that_the_other_program_reads_otherwise_is_left_out_before_it_is_played() -> None:
    assert [one.number for one in misread(READ, [END])] == [2]
    drawn = replace(END, moves=("d2d4", "d7d5"), result="1-0")
    assert [one.number for one in misread(READ, [END, drawn])] == [2], "another result is another game"
