"""examples/README.md: the simulator prints the table that the page shows, run as the page runs it."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

from console_blocks import shown_commands

ROOT = Path(__file__).parents[3]


def test_the_simulator_prints_what_the_page_shows() -> None:
    [shown] = [
        one for one in shown_commands(ROOT / "examples/README.md") if one.command.startswith("chess-operator")
    ]
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        shlex.split(shown.command),
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert shown.matches(ran.stdout), ran.stdout
