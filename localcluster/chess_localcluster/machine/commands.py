"""Runs another program to its end and turns its failure into one line."""

import os
import subprocess
from collections.abc import Mapping, Sequence

from chess_localcluster.errors import ClusterError


def run(
    *argv: str, env: Mapping[str, str] | None = None, stdin: str | None = None, cwd: str | None = None
) -> str:
    """Return what the program prints; raise ClusterError with its last line if it fails."""
    try:
        answer = subprocess.run(
            argv, capture_output=True, text=True, check=False, env=env, input=stdin, cwd=cwd
        )
    except FileNotFoundError as error:
        raise ClusterError(
            f"{argv[0]} is not installed: `localcluster setup` installs what is missing"
        ) from error
    if answer.returncode:
        raise ClusterError(f"{abbreviate(argv)} failed: {last_line(answer.stderr or answer.stdout)}")
    return answer.stdout


def succeeds(*argv: str, env: Mapping[str, str] | None = None) -> bool:
    """Return whether the program succeeds; its output is dropped."""
    environment = os.environ | dict(env or {})
    return subprocess.run(argv, capture_output=True, check=False, env=environment).returncode == 0


def abbreviate(argv: Sequence[str]) -> str:
    """Return the beginning of a command line, enough to recognise it."""
    return " ".join(argv[:4])


def last_line(text: str) -> str:
    """Return the line that usually holds the reason."""
    return (text.strip() or "no error shown").splitlines()[-1]
