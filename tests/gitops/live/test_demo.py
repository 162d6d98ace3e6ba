"""`make demo-gitops` as a user runs it, to its end and to Ctrl-C."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from program import Program

from chess_localcluster.argocd.plan import Places
from chess_localcluster.paths import Home

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
ROOT = Path(__file__).resolve().parents[3]
OUT = ROOT / "out" / "demo-gitops.json"


def _demo() -> subprocess.Popen[str]:
    """Start it in a process group of its own, which gets the signals that a terminal sends."""
    environment = {name: value for name, value in os.environ.items() if name != "KEEP"}
    return subprocess.Popen(
        ["make", "demo-gitops"], cwd=ROOT, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def _is_tidy(node: Program) -> None:
    found = node("get", "namespaces,crd", "-o", "name").out.split()
    names = {one.partition("/")[2] for one in found}
    assert not names & {"chess", "chess-system", "argocd", "chessclusters.chesscluster.dev"}
    assert not [one for one in names if one.endswith(".argoproj.io")]
    assert not Places(home=Home.at(None)).root.exists(), "Argo CD is still there"


def test_from_an_empty_cluster_to_a_played_game(empty_node: Program) -> None:
    OUT.unlink(missing_ok=True)
    demo = _demo()
    output, _ = demo.communicate(timeout=280)
    assert demo.returncode == 0, output[-3000:]
    assert "all as promised" in output
    figures = json.loads(OUT.read_text())
    assert figures["games"] > 0
    assert figures["moves"] > figures["games"]
    assert (figures["dropped"], figures["lost"], figures["wrong_positions"]) == (0, 0, 0)
    _is_tidy(empty_node)


def test_ctrl_c_leaves_nothing_behind(empty_node: Program) -> None:
    demo = _demo()
    try:
        assert demo.stdout is not None
        lines = []
        for line in demo.stdout:
            lines.append(line)
            if "Argo CD brings the operator" in line:
                break
        else:
            pytest.fail(f"it ended before: {''.join(lines)[-2000:]}")
        os.killpg(demo.pid, signal.SIGINT)
        interrupted = time.monotonic()
        rest, _ = demo.communicate(timeout=150)
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()
    assert demo.returncode != 0
    assert "stopped; left: nothing" in rest, rest[-2000:]
    assert time.monotonic() - interrupted < 120
    _is_tidy(empty_node)
