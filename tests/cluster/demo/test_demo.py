"""The main job as a user runs it, `make demo`, judged by what it writes; and that `make bench-reaction` works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chess_bench.cluster.targets import Target

ROOT = Path(__file__).parents[3]

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]


def start(module: str, environment: dict[str, str], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a bench module to its end, without a terminal."""
    return subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, **environment},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=840,
    )


def test_demo(target: Target, tmp_path: Path) -> None:
    out = tmp_path / "demo.json"
    process = start("chess_bench.demo", {"DEMO_OUT": str(out), "DEMO_NAMESPACE": "t-demo"})
    assert process.returncode == 0, process.stdout[-4000:]
    figures = json.loads(out.read_text())
    assert (figures["dropped"], figures["lost"], figures["wrong_positions"]) == (0, 0, 0)
    assert figures["players"] == 400
    assert figures["verified_games"] == figures["games"] >= 200
    assert (figures["never_admitted"], figures["never_played"], figures["left_out"]) == (0, 0, [])
    assert (
        figures["acks"] == figures["moves"] == sum(one["count"] for one in figures["acks_by_phase"].values())
    )
    assert figures["scale_outs"] >= 3
    assert figures["reactions"] >= 4, "each replica from the third to the sixth was due"
    full = [
        pod
        for pod in figures["scale_in"]
        if pod["games_when_marked"] >= 20 and pod["connections_when_deleted"] == 0
    ]
    assert len(full) >= 2, figures["scale_in"]
    assert figures["replicas"][-1]["replicas"] == 2
    assert figures["pod_restarts"] == {}


def test_the_benchmark_of_the_reaction_measures_each_change(target: Target, tmp_path: Path) -> None:
    """One round of it. Its bound of a second is judged by `make bench-reaction`, over 25 changes and nothing beside."""
    process = start("chess_bench.reaction", {"REACTION_CHANGES": "5"}, cwd=tmp_path)
    assert process.returncode in (0, 1), process.stdout[-4000:]
    figures = json.loads((tmp_path / "out" / "reaction.json").read_text())
    assert [(one["before"], one["after"]) for one in figures["samples"]] == [(n, n + 1) for n in range(1, 6)]
    assert all(0 < one["seconds"] < 60 for one in figures["samples"])
    assert figures["ok"] == (figures["p95_seconds"] < 1) == (process.returncode == 0)


@pytest.mark.parametrize(
    "setting, words",
    [
        pytest.param({"DEMO_PLAYERS": "many"}, ["DEMO_PLAYERS", "many", "2000"], id="players"),
        pytest.param({"DEMO_GAMES": "illegal.pgn"}, ["game 1", "Ke3"], id="illegal move"),
        pytest.param({"CONTEXT": "mine"}, ["IMAGE", "REDIS_URL_FILE"], id="half a cluster"),
    ],
)
def test_a_wrong_setting_is_one_line_and_starts_nothing(
    setting: dict[str, str], words: list[str], tmp_path: Path
) -> None:
    (tmp_path / "illegal.pgn").write_text('[Event "?"]\n[Result "1-0"]\n\n1. e4 e5 2. Ke3 1-0\n')
    process = start("chess_bench.demo", {**setting, "DEMO_OUT": str(tmp_path / "o")}, cwd=tmp_path)
    assert process.returncode == 2
    assert len(process.stdout.strip().splitlines()) == 1
    assert all(word in process.stdout for word in words), process.stdout
