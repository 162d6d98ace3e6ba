"""Runs a module of the bench as a user does."""

import subprocess
import sys


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    # An impossible setting comes with the arguments: a program that overlooks them starts nothing either.
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        env={"KEEP": "neither"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
