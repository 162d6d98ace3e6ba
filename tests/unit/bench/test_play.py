"""The bots' command: what it does not understand is refused before anything is started."""

from pathlib import Path

import pytest
from modules import run_module


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nohost"], "'nohost' is not HOST:PORT with a port from 1 to 65535"),
        (["localhost:99999"], "'localhost:99999' is not HOST:PORT"),
        (["localhost:1", "--players", "-2"], "--players: '-2' is not a whole number from 1 to 2000"),
        (["localhost:1", "--seconds", "-5"], "--seconds: '-5' is not a number of seconds from 0 to 86400"),
        (["localhost:1", "--think", "nan"], "--think: 'nan' is not a number of seconds"),
    ],
)
def test_bots_name_the_argument_that_is_not_allowed(arguments: list[str], message: str) -> None:
    refused = run_module("chess_bench.play", *arguments)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert "Traceback" not in refused.stderr


def test_games_that_bots_do_not_play_are_named(tmp_path: Path) -> None:
    pgn = tmp_path / "odd.pgn"
    pgn.write_text("\ufeff1. e4 e5 1-0\n\n1. e4 -- 2. d4 1-0\n")
    quick = ["--players=2", "--over=0", "--seconds=0", "--deadline=1", f"--games={pgn}"]
    alone = run_module("chess_bench.play", "127.0.0.1:1", *quick)
    assert "play: game 2 is left out: move 1... --: a null move is not a legal move\n" in alone.stderr


def test_a_file_without_a_usable_game_is_refused_in_one_line(tmp_path: Path) -> None:
    pgn = tmp_path / "none.pgn"
    pgn.write_text("1. e4 e5 *\n")
    refused = run_module("chess_bench.play", "127.0.0.1:1", f"--games={pgn}")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "none.pgn: no usable game in it; game 1 is left out: its result is '*'" in refused.stderr


def test_bots_that_find_no_server_report_it() -> None:
    alone = run_module(
        "chess_bench.play", "127.0.0.1:1", "--players=2", "--over=0", "--seconds=0", "--deadline=1"
    )
    assert alone.returncode == 1
    assert "no player could connect to 127.0.0.1:1" in alone.stderr
