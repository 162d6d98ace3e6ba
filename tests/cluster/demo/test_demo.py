"""The main job as a user runs it: `make demo` and `make bench-reaction`, judged by what they write."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def run(module: str, out: Path, **environment: str) -> dict[str, Any]:
    """Run it and read its figures; it exits 0 only if all went as promised."""
    process = start(module, environment)
    assert process.returncode == 0, process.stdout[-4000:]
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_demo(target: Target, tmp_path: Path) -> None:
    out = tmp_path / "demo.json"
    figures = run("chess_bench.demo", out, DEMO_OUT=str(out), DEMO_NAMESPACE="t-demo")
    assert (figures["dropped"], figures["lost"], figures["wrong_positions"]) == (0, 0, 0)
    assert figures["players"] == 400
    assert figures["verified_games"] == figures["games"] >= 200
    assert figures["scale_outs"] >= 3
    full = [
        pod
        for pod in figures["scale_in"]
        if pod["games_when_marked"] >= 20 and pod["connections_when_deleted"] == 0
    ]
    assert len(full) >= 2, figures["scale_in"]
    assert figures["replicas"][-1]["replicas"] == 2
    assert figures["pod_restarts"] == {}


def test_reaction(target: Target) -> None:
    figures = run("chess_bench.reaction", ROOT / "out" / "reaction.json")
    assert len(figures["samples"]) >= 20
    assert figures["p95_seconds"] < 1


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
