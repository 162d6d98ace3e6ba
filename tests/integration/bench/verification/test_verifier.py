"""The players' reader beside the real pgn-extract: a game is played only if both read the same moves and result.

So a difference between two readers is never the server's fault: it is a game that is left out, by number and reason.
"""

import asyncio

import chess
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chess_bench.bots import games
from chess_bench.bots.games import GamesError, Reading
from chess_bench.bots.ledger import Finished
from chess_bench.verification.comparison import sources
from chess_bench.verification.verifier import VerifyError, confirmed, played, verify

pytestmark = pytest.mark.integration

GOOD = '[Event "good"]\n[Result "1-0"]\n\n1. c4 c5 2. g3 g6 1-0\n\n'
PEOPLES = {
    "byte-order-mark": "\ufeff1. e4 e5 1-0",
    "byte-order-mark-and-tags": '\ufeff[Event "a"]\n[Result "1-0"]\n\n1. e4 e5 1-0',
    "no-result": '[Event "a"]\n[Result "1-0"]\n\n1. e4 e5',
    "unclosed-tag": '[Event "a"\n[Result "1-0"]\n\n1. e4 e5 1-0',
    "unclosed-quote": '[Event "a]\n[Result "1-0"]\n\n1. e4 e5 1-0',
    "unclosed-variation": "1. e4 (1. d4 d5 e5 2. Nf3 1-0",
    "bracket-too-many": "1. e4 e5) 2. Nf3 1-0",
    "null-move": "1. e4 -- 2. Nf3 1-0",
    "null-move-of-another-program": "1. e4 Z0 2. Nf3 1-0",
    "set-up": '[FEN "8/8/8/8/8/8/8/K1k5 w - - 0 1"]\n[Result "1-0"]\n\n1. Ka2 Kc2 1-0',
    "set-up-at-the-start": '[FEN "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 3 7"]\n\n1. e4 e5 1-0',
    "forfeit": '[Event "a"]\n[Result "1-0"]\n\n1-0',
    "forfeit-without-result": '[Event "a"]\n[Result "1-0"]\n',
    "undecided": '[Result "1-0"]\n\n1. e4 e5 *',
    "unknown-in-the-header": '[Result "?"]\n\n1. e4 e5 1-0',
    "half": "1. e4 e5 1/2",
    "zeros": "1. e4 e5 2. Nf3 Nc6 3. Bc4 Bc5 4. 0-0 Nf6 1-0",
    "long-notation": "1. e2-e4 e7e5 2. Ng1-f3 b8c6 1-0",
    "promotion": "1. a4 b5 2. axb5 a6 3. bxa6 Bb7 4. axb7 Nc6 5. bxa8=q h6 1-0",
    "en-passant": "1. e4 a6 2. e5 d5 3. ed6 cd6 1-0",
    "line-comment": "1. e4 e5 ; 2. Ke8\n2. Nf3 1-0",
    "nested-comment": "1. e4 {a {b} c} e5 1-0",
    "marks": "1. e4!! $1 e5?? 2. Nf3 Nc6 1-0",
    "two-results": "1. e4 e5 1-0 1-0",
    "text": "Dear friends\n\n1. e4 e5 1-0\nblah",
    "windows": '[Event "a"]\r\n[Result "1-0"]\r\n\r\n1. e4 e5 1-0\r\n',
    "unclosed-comment": "1. e4 e5 {to the end 1-0",
}


def confirm(text: str) -> Reading:
    return asyncio.run(confirmed(games.parse(text)))


def agree(reading: Reading) -> bool:
    """Return whether pgn-extract reads every game that would be played, with its moves and result."""
    return sources(reading.games, asyncio.run(played(reading.text))).keys() == {
        game.number for game in reading.games
    }


@pytest.mark.parametrize("text", PEOPLES.values(), ids=PEOPLES.keys())
def test_a_game_as_people_keep_it_is_read_as_pgn_extract_reads_it_or_left_out(text: str) -> None:
    reading = confirm(GOOD + text)
    assert agree(reading)
    assert reading.games[0].moves == ("c2c4", "c7c5", "g2g3", "g7g6"), "a good game before it is played"
    numbers = sorted(one.number for one in (*reading.games, *reading.left_out))
    assert numbers == list(range(1, len(numbers) + 1)), "each game is played or named"
    assert all(one.reason for one in reading.left_out)


READ_ALIKE = PEOPLES.keys() - {"line-comment"}


@pytest.mark.parametrize("name", sorted(READ_ALIKE))
def test_the_players_reader_alone_accepts_nothing_that_pgn_extract_reads_otherwise(name: str) -> None:
    assert agree(games.parse(GOOD + PEOPLES[name]))


@pytest.mark.parametrize(
    "name", ["line-comment", "set-up", "no-result", "forfeit", "null-move", "unclosed-variation"]
)
def test_a_file_with_nothing_else_is_refused(name: str) -> None:
    with pytest.raises(GamesError, match="no usable game in it; game 1 is left out: "):
        confirm(PEOPLES[name])


MARKS = [
    "(",
    ")",
    "(1. e4)",
    "{a}",
    "{",
    "}",
    "$1",
    "!",
    "--",
    "*",
    "1-0",
    "1/2",
    "0-0",
    "e4",
    "+",
    "...",
    "12.",
]
TAGS = [
    '[Event "x"]',
    '[Event "x"',
    '[Event "x',
    '[Result "*"]',
    '[FEN "8/8/8/8/8/8/8/K1k5 w - - 0 1"]',
    "[",
    '"',
]


@st.composite
def odd_files(draw: st.DrawFn) -> str:
    """Draw games of legal moves, and put into them what belongs nowhere."""
    parts = [draw(st.sampled_from(["", "\ufeff", "% a line\n"]))]
    for number in range(draw(st.integers(1, 3))):
        board, words = chess.Board(), list[str]()
        for _ in range(draw(st.integers(0, 12))):
            move = draw(st.sampled_from(sorted(board.legal_moves, key=str)))
            words += [f"{board.fullmove_number}."] if board.turn else []
            words.append(board.san_and_push(move))
        result = draw(st.sampled_from(["1-0", "0-1", "1/2-1/2", ""]))
        words.append(result)
        for odd in draw(st.lists(st.sampled_from([*MARKS, *TAGS]), max_size=2)):
            words.insert(draw(st.integers(0, len(words))), odd)
        tags = draw(
            st.sampled_from(
                [f'[Event "{number}"]\n[Result "{result or "*"}"]\n\n', "", f'[Event "{number}"]\n']
            )
        )
        parts += [tags, " ".join(words), draw(st.sampled_from(["\n\n", "\n", " "]))]
    return "".join(parts)


@settings(max_examples=150, deadline=None)
@given(odd_files())
def test_whatever_a_file_holds_what_is_played_both_read_alike(text: str) -> None:
    try:
        reading = confirm(text)
    except GamesError:
        return
    assert agree(reading)
    assert reading.games


async def test_a_source_that_two_readers_read_differently_is_no_fault_of_the_server() -> None:
    reading = games.parse(PEOPLES["line-comment"])
    played_anyway = [Finished(game_id="g", number=1, result="1-0")]
    with pytest.raises(VerifyError, match="does not read source game 1 as the players do"):
        await verify(reading, played_anyway, "postgresql://127.0.0.1:1/nowhere")
