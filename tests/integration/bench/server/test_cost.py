"""`python -m chess_bench.server` at its smallest, so that it still works when a figure is wanted."""

import json
import subprocess
import sys
from pathlib import Path

from chess_bench.server import peers
from chess_bench.server.measure import Bench
from chess_bench.server.plan import Plan

SMALL = (
    *("--alone", "--rounds", "1", "--seconds", "1", "--warm-seconds", "0.3"),
    *(
        "--rate",
        "40",
        "--ack-rate",
        "20",
        "--games",
        "6",
        "--late-games",
        "2",
        "--late-ply",
        "20",
        "--idle",
        "40",
    ),
)
MEASURED = ("move_cpu_ms", "move_cpu_ms_past_move_150", "ack_p99_ms_at_300", "idle_kib", "player_kib")


def test_a_small_run_measures_moves_and_memory_of_this_version(tmp_path: Path) -> None:
    out = tmp_path / "server.json"
    done = subprocess.run(
        [sys.executable, "-m", "chess_bench.server", *SMALL, "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text())
    assert found["skipped"] == {}
    assert [name for name in MEASURED if found[name] is None] == []
    assert found["move_cpu_ratio_to_start"] is None  # the version before was not asked for
    samples = {sample["measure"]: sample["values"] for sample in found["samples"]}
    assert samples["move"]["cpu_ms"] > 0
    assert samples["move"]["nacks"] == {}
    assert samples["late"]["ply"] > 20
    assert samples["late"]["cuts"] == 0


def test_players_who_all_come_back_are_measured_at_their_server_and_at_the_next(tmp_path: Path) -> None:
    out = tmp_path / "server.json"
    done = subprocess.run(
        [sys.executable, "-m", "chess_bench.server", "--reconnects", "--alone", "--rounds", "1", "--players", "8",
         "--out", str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(out.read_text())
    samples = {sample["measure"]: sample["values"] for sample in found["samples"]}
    assert {name: (one["players"], one["missing"]) for name, one in samples.items()} == {
        "returned": (8, 0),
        "returned_anew": (8, 0),
    }
    assert found["returned_first_p50_ms"] > 0


def test_an_echo_is_measured(tmp_path: Path) -> None:
    plan = Plan(seconds=1.0, echo_sockets=4, echo_rate=100.0)
    bench = Bench(stores=None, plan=plan, lines=tmp_path / "none")  # an echo needs no store
    [sample] = bench.echo(peers.picows(), 0)
    assert sample.values["messages"] > 0
