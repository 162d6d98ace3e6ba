"""Figures that the tests print, and players."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chess_bench import games
from chess_bench.fleet import Fleet
from chess_bench.gitops.world import World
from chess_bench.pace import Pace

OUT = Path(__file__).resolve().parents[3] / "out" / "gitops.json"


@pytest.fixture(scope="session")
def figures(pytestconfig: pytest.Config) -> Iterator[Callable[..., None]]:
    """Print a figure at once, and keep all of them in out/gitops.json."""
    kept: dict[str, Any] = {}
    terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")

    def show(**said: Any) -> None:
        kept.update(said)
        if terminal is not None:
            terminal.write_line("  " + ", ".join(f"{name}: {value}" for name, value in said.items()))

    yield show
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(kept, indent=2) + "\n")


@pytest.fixture
def fleet(world: World) -> Callable[[int, int], Fleet]:
    """Players against the front door."""

    def made(port: int, players: int) -> Fleet:
        return Fleet(
            "127.0.0.1", port, games.load(games.BUNDLED), players=players, pace=Pace(think_s=0.12, rest_s=0.1)
        )

    return made
