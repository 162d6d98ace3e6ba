"""A PGN file is taken as people keep it: what cannot be replayed is left out by number and reason."""

import os
import tracemalloc
from pathlib import Path

import pytest

from chess_bench.bots import games
from chess_bench.bots.games import Ending, GamesError


def test_the_bundled_games_all_play_out() -> None:
    loaded = games.load(games.BUNDLED).games
    assert [game.number for game in loaded] == list(range(1, 9))
    assert [len(game.moves) for game in loaded] == [89, 89, 95, 111, 98, 37, 10, 97]
    assert loaded[6].ending is Ending.BOARD
    assert loaded[0].ending is Ending.BLACK_RESIGNS


@pytest.mark.parametrize(
    "pgn, message",
    [
        pytest.param(
            "1. e4 e5 2. Ke3 1-0", "game 1 is left out: move 2. Ke3: not a legal move in ", id="illegal"
        ),
        pytest.param(
            '[Event "a"]\n\n1. e4 e5 1-0\n\n[Event "b"]\n\n1. d4 d6 2. Nf3 Nxd4 0-1',
            "game 2 is left out: move 2... Nxd4: not a legal move",
            id="illegal-in-the-second-game",
        ),
        pytest.param(
            "1. e4 e5 2. Nxx3 1-0", "game 1 is left out: move 2. Nxx3: not a legal move", id="no-move-at-all"
        ),
        pytest.param(
            "1. Nc3 e5 2. Nf3 d5 3. Nd4 d6 1-0",
            "game 1 is left out: move 3... d6: not a legal move",
            id="blocked",
        ),
        pytest.param(
            "1. Nf3 a6 2. d3 a5 3. Nd2 1-0", "game 1 is left out: move 3. Nd2: ambiguous", id="ambiguous"
        ),
        pytest.param("1. e4 e5 2. -- d5 1-0", "game 1 is left out: move 2. --: a null move", id="null-move"),
        pytest.param(
            "1. f3 e5 2. g4 Qh4# 3. a3 0-1", "move 3. a3: the game was over before it", id="after-mate"
        ),
        pytest.param(
            "1. f3 e5 2. g4 Qh4# 1-0",
            "game 1 is left out: it ends by checkmate, 0-1, not 1-0",
            id="wrong-result",
        ),
        pytest.param("1. e4 e5 *", "game 1 is left out: its result is '*'; allowed: 1-0", id="undecided"),
        pytest.param(
            '[Result "0-1"]\n\n1. e4 e5 1-0', "its header has 0-1, its moves end with 1-0", id="two-results"
        ),
        pytest.param("1. e4 1-0", "game 1 is left out: it has 1 moves; at least 2", id="too-short"),
        pytest.param(
            '[FEN "8/8/8/8/8/8/8/K1k5 w - - 0 1"]\n\n1. Ka2 Kc2 1-0', "a set-up position", id="set-up"
        ),
        pytest.param(
            '[Result "1-0"]\n\n1. e4 e5', "game 1 is left out: no result after its moves", id="no-result"
        ),
        pytest.param(
            "1. e4 (1. d4 d5 e5 1-0", "game 1 is left out: a variation that is not closed", id="variation"
        ),
        pytest.param('[Event "a"]\n\n1-0', "game 1 is left out: no moves", id="forfeit"),
        pytest.param(
            '[Event "a"]\n[Result "1-0"]', "game 1 is left out: no moves", id="forfeit-without-result"
        ),
        pytest.param("1. e4 Z0 2. d4 d5 1-0", "move 1... Z0: a null move", id="null-move-of-another-program"),
    ],
)
def test_what_cannot_be_replayed_is_left_out_by_number_and_reason(pgn: str, message: str) -> None:
    usable = '\n\n[Event "usable"]\n\n1. c4 c5 1/2-1/2\n'
    reading = games.parse(pgn + usable)
    assert [game.moves for game in reading.games][-1] == ("c2c4", "c7c5")
    assert any(message in str(one) for one in reading.left_out), reading.left_out
    assert all("\n" not in str(one) for one in reading.left_out)
    numbers = [one.number for one in (*reading.games, *reading.left_out)]
    assert sorted(numbers) == list(range(1, len(numbers) + 1)), "each game of the file is played or named"


@pytest.mark.parametrize(
    "pgn, message",
    [
        pytest.param("", "no game in it", id="empty"),
        pytest.param(
            "1. e4 e5 2. Ke3 1-0", "no usable game in it; game 1 is left out: move 2. Ke3", id="one"
        ),
        pytest.param(
            "1. e4 e5 *\n\n1. d4 d5 *", "no usable game in it; game 1 is left out: its result", id="two"
        ),
        pytest.param("1. e4 {to the end 1-0", "a comment that is not closed, up to the end", id="comment"),
    ],
)
def test_only_a_file_without_a_usable_game_is_refused(pgn: str, message: str) -> None:
    with pytest.raises(GamesError) as caught:
        games.parse(pgn)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "pgn",
    [
        pytest.param("\ufeff1. e4 e5 1-0", id="byte-order-mark"),
        pytest.param('\ufeff[Event "a"]\n\n1. e4 e5 1-0', id="byte-order-mark-before-a-tag"),
        pytest.param('[Event "a"\n[Result "1-0"]\n\n1. e4 e5 1-0', id="unclosed-tag"),
        pytest.param('[Event "a]\n[Result "1-0"]\n\n1. e4 e5 1-0', id="unclosed-quote"),
        pytest.param('[Result "?"]\n\n1. e4 e5 1-0', id="unknown-result-in-the-header"),
        pytest.param("1. e4) e5 (1... c5) 1-0", id="a-bracket-too-many"),
        pytest.param(
            '[FEN "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1"]\n1. e4 e5 1-0', id="start"
        ),
        pytest.param("e2-e4 e7e5 1-0", id="long-notation"),
    ],
)
def test_what_people_write_differently_is_read(pgn: str) -> None:
    (game,) = games.parse(pgn).games
    assert (game.moves, game.result) == (("e2e4", "e7e5"), "1-0")


@pytest.mark.parametrize(
    "pgn, status",
    [
        pytest.param("1. e4 e5 1-0", "resign", id="resigned"),
        pytest.param("1. e4 e5 1/2", "draw", id="agreed"),
        pytest.param("1. f3 e5 2. g4 Qh4# 0-1", "mate", id="mate"),
        pytest.param(
            "1. e3 a5 2. Qh5 Ra6 3. Qxa5 h5 4. h4 Rah6 5. Qxc7 f6 6. Qxd7+ Kf7 7. Qxb7 Qd3 8. Qxb8 Qh7 "
            "9. Qxc8 Kg6 10. Qe6 1/2-1/2",
            "stalemate",
            id="stalemate",
        ),
    ],
)
def test_each_game_knows_what_the_server_should_call_its_end(pgn: str, status: str) -> None:
    (game,) = games.parse(pgn).games
    assert game.status == status


def test_comments_variations_and_marks_are_passed_over() -> None:
    pgn = (
        "1. e4! {best; (by test)} (1. d4 d5 (1... Nf6 2. c4) 2. c4) 1... e5 $6 2. Nf3?! ; 2. Ke8\nNc6 1/2-1/2"
    )
    (game,) = games.parse(pgn).games
    assert game.moves == ("e2e4", "e7e5", "g1f3", "b8c6")
    assert game.ending is Ending.DRAW_AGREED


def test_both_players_choose_the_same_game_and_every_game_is_chosen() -> None:
    loaded = games.load(games.BUNDLED).games
    ids = [f"game{number:04d}" for number in range(200)]
    assert [games.pick(loaded, one) for one in ids] == [games.pick(loaded, one) for one in ids]
    assert {games.pick(loaded, one).number for one in ids} == set(range(1, 9))


def test_a_file_that_is_not_there_is_one_line() -> None:
    with pytest.raises(GamesError, match=r"nowhere\.pgn: cannot be read: No such file"):
        games.load(games.BUNDLED.with_name("nowhere.pgn"))


def test_a_pipe_to_which_nobody_writes_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pgn")
    with pytest.raises(GamesError, match=r"pipe\.pgn: is no regular file"):
        games.load(tmp_path / "pipe.pgn")


def test_a_file_of_any_size_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(games, "MOST_BYTES", 1_000_000)
    (tmp_path / "all.pgn").write_bytes(b" " * 2_000_000)
    with pytest.raises(GamesError, match=r"all\.pgn: has 2 MB; at most 1 MB are allowed"):
        games.load(tmp_path / "all.pgn")


def test_a_header_without_end_takes_no_more_memory_than_its_text() -> None:
    """Whoever tries each of its letters again keeps a place in it for each: gigabytes."""
    text = '[Event "' + "x" * 4_000_000 + '"]\n\n1. e4 e5 1-0'
    tracemalloc.start()
    try:
        assert len(games.parse(text).games) == 1
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text)
    finally:
        tracemalloc.stop()
