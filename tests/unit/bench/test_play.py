"""The bots' command: what it does not understand is refused before anything is started."""

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


def test_bots_that_find_no_server_report_it() -> None:
    alone = run_module(
        "chess_bench.play", "127.0.0.1:1", "--players=2", "--over=0", "--seconds=0", "--deadline=1"
    )
    assert alone.returncode == 1
    assert "no player could connect to 127.0.0.1:1" in alone.stderr
