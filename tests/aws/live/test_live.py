"""Opt-in: a small environment in a real account, there and back. See docs/aws/live.md; it costs money while it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ASKED = os.environ.get("CHESS_AWS_LIVE") == "1"
ACCOUNT = os.environ.get("CHESS_AWS_LIVE_ACCOUNT", "")
ENV = "livetest"
STACKS = ("--stack", "bootstrap", "--stack", "delivery", "--stack", "network")

pytestmark = [
    pytest.mark.aws,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not ASKED, reason="CHESS_AWS_LIVE=1 was not set: nothing is run on a real account"),
]


def chess(overlay: Path, *arguments: str) -> tuple[int, Any]:
    line = [
        str(Path(sys.executable).parent / "chess-stacks"),
        *arguments,
        "--profile",
        "hackathon",
        "--env",
        ENV,
    ]
    done = subprocess.run(
        [*line, "--overlay", str(overlay), "--output", "json"], capture_output=True, text=True, check=False
    )
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """Name the one account that may be touched; without it nothing begins."""
    assert ACCOUNT, "set CHESS_AWS_LIVE_ACCOUNT to the twelve digits of the account that may be used"
    path = tmp_path / "live.yaml"
    # No NAT gateway: nothing here needs the internet, and it is what would cost.
    path.write_text(f'account: "{ACCOUNT}"\nnetwork: {{nat: none}}\n', encoding="utf-8")
    return path


def test_there_and_back(overlay: Path) -> None:
    try:
        code, created = chess(overlay, "deploy", *STACKS)
        assert code == 0, created
        code, again = chess(overlay, "deploy", *STACKS)
        assert {stack["result"] for stack in again["stacks"]} == {"unchanged"}
        code, drift = chess(overlay, "drift", *STACKS)
        assert code == 0, drift
    finally:
        code, gone = chess(overlay, "destroy", "--confirm", ENV, "--empty-buckets", "--no-drain")
    assert code == 0, gone
