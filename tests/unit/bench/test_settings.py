"""Settings of the demo: defaults that need nothing, and one line for each wrong value."""

from pathlib import Path

import pytest
from modules import run_module

from chess_bench import settings
from chess_bench.settings import SettingsError


def test_nothing_needs_to_be_set() -> None:
    chosen = settings.read({})
    assert chosen.players == 400
    assert chosen.existing is None
    assert chosen.wanted(chosen.players) == 6


@pytest.mark.parametrize("players", [8, 50, 137, 400, 1000])
def test_everybody_together_needs_several_replicas(players: int) -> None:
    chosen = settings.read({"DEMO_PLAYERS": str(players)})
    assert 4 <= chosen.wanted(players) <= 6
    assert chosen.wanted(0) == 2


@pytest.mark.parametrize(
    "environment, message",
    [
        pytest.param({"DEMO_PLAYERS": "many"}, "DEMO_PLAYERS: 'many' is not allowed", id="not-a-number"),
        pytest.param({"DEMO_PLAYERS": "7"}, "a whole number from 8 to 2000", id="too-few"),
        pytest.param({"DEMO_PLAYERS": "-400"}, "DEMO_PLAYERS: '-400'", id="negative"),
        pytest.param({"DEMO_THINK_SECONDS": "nan"}, "DEMO_THINK_SECONDS: 'nan'", id="nan"),
        pytest.param({"REACTION_CHANGES": "0"}, "a whole number from 1 to 1000", id="no-change"),
        pytest.param({"KEEP": "perhaps"}, "KEEP: 'perhaps' is not allowed", id="flag"),
        pytest.param(
            {"DEMO_ENTRY": "localhost"}, "DEMO_ENTRY: 'localhost' is not allowed; give host:port", id="entry"
        ),
        pytest.param(
            {"CONTEXT": "mine"}, "IMAGE, REDIS_URL_FILE, DATABASE_URL_FILE: missing", id="half-a-cluster"
        ),
        pytest.param(
            {"CONTEXT": "c", "IMAGE": "i", "REDIS_URL_FILE": "/nowhere", "DATABASE_URL_FILE": "/nowhere"},
            "REDIS_URL_FILE: '/nowhere' is not a file",
            id="no-such-file",
        ),
    ],
)
def test_a_wrong_value_is_one_line(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.read(environment)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_existing_cluster_is_taken_whole(tmp_path: Path) -> None:
    redis, database = tmp_path / "redis", tmp_path / "database"
    redis.write_text("redis://h"), database.write_text("postgresql://h")
    environment = {
        "CONTEXT": "mine",
        "IMAGE": "registry.example/chess:1",
        "REDIS_URL_FILE": str(redis),
        "DATABASE_URL_FILE": str(database),
        "DEMO_ENTRY": "192.0.2.7:30080",
    }
    chosen = settings.read(environment)
    assert chosen.existing is not None
    assert chosen.existing.context == "mine"
    assert chosen.entry == ("192.0.2.7", 30080)


@pytest.mark.parametrize("module", ["chess_bench.demo", "chess_bench.reaction", "chess_bench.gitops.demo"])
def test_a_run_takes_no_arguments(module: str) -> None:
    refused = run_module(module, "--players", "4")
    assert refused.returncode == 2
    assert "unrecognized arguments: --players 4" in refused.stderr
    helped = run_module(module, "--help")
    assert helped.returncode == 0
    assert "docs/demo.md" in helped.stdout


@pytest.mark.parametrize("port", ["\u0664", "\u00b2"])
def test_a_port_in_other_digits_is_refused(port: str) -> None:
    with pytest.raises(SettingsError, match=r"DEMO_ENTRY: .* is not allowed; give host:port"):
        settings.read({"DEMO_ENTRY": f"host:{port}"})
