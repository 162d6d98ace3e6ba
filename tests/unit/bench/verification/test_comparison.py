"""Stored games are compared with their sources, by what pgn-extract reads from both."""

import pytest

from chess_bench.bots.ledger import Finished
from chess_bench.verification.comparison import Position, Stored, judge, read_extract

OUTPUT = """[Event "?"]
[Site "g1"]
[Result "1-0"]

1. e4 e5 { "fen-one b - - 0 1" } 1-0

[Event "?"]
[Site "g2"]
[Result "0-1"]

1. f3 e5 2. g4 Qh4# { "fen-two w - - 1 3" } 0-1
"""
SOURCE = [Position(site="01", result_header="1-0", result="1-0", fen="end")]
GAME = Finished(game_id="g", number=1, result="1-0")
ROW = Stored(game_id="g", status="resign", result="1-0", pgn="…")
END = Position(site="g", result_header="1-0", result="1-0", fen="end")


def test_the_extract_is_read_game_by_game() -> None:
    assert [(one.site, one.result_header, one.result, one.fen) for one in read_extract(OUTPUT)] == [
        ("g1", "1-0", "1-0", "fen-one b - - 0 1"),
        ("g2", "0-1", "0-1", "fen-two w - - 1 3"),
    ]


def test_an_equal_game_is_right() -> None:
    assert judge(SOURCE, [GAME], {"g": ROW}, {"g": END}) == []


@pytest.mark.parametrize(
    "row, end, reason",
    [
        pytest.param(None, None, "not in PostgreSQL", id="missing"),
        pytest.param(
            Stored(game_id="g", status="started", result=None, pgn=None), None, "no PGN", id="unfinished"
        ),
        pytest.param(ROW, None, "cannot read the stored PGN", id="unreadable"),
        pytest.param(
            ROW, Position(site="g", result_header="1-0", result="1-0", fen="x"), "ends in x", id="position"
        ),
        pytest.param(
            ROW, Position(site="g", result_header="0-1", result="1-0", fen="end"), "results", id="header"
        ),
        pytest.param(
            Stored(game_id="g", status="draw", result="1/2-1/2", pgn="…"),
            END,
            "results",
            id="row-says-otherwise",
        ),
    ],
)
def test_a_difference_is_named(row: Stored | None, end: Position | None, reason: str) -> None:
    (wrong,) = judge(SOURCE, [GAME], {"g": row} if row else {}, {"g": end} if end else {})
    assert wrong.game_id == "g"
    assert reason in wrong.reason


def test_a_source_game_that_the_other_program_cannot_read_is_wrong() -> None:
    (wrong,) = judge([], [GAME], {"g": ROW}, {"g": END})
    assert "could not read source game 1" in wrong.reason
