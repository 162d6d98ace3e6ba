"""Runs another program to its end and turns its failure into one line.

What others named, as the comment of a firewall's rule, is bytes: those that are not UTF-8 come back as they were.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence

from chess_localcluster.errors import ClusterError

NO_NETWORK = (
    "Temporary failure",
    "Could not resolve",
    "no such host",
    "Name or service not known",
    "Network is unreachable",
    "network is unreachable",
    "Could not connect",
    "Failed to establish a new connection",
    "connection refused",
    "Connection refused",
    "i/o timeout",
    "timed out",
)
"""What apt, pip and go say when they reach nobody; the lines after it only tell what is missing in consequence."""
NO_PIP = "No module named pip"
MOST = 120


def run(
    *argv: str, env: Mapping[str, str] | None = None, stdin: str | None = None, cwd: str | None = None
) -> str:
    """Return what the program prints; raise ClusterError with its last line if it fails."""
    try:
        answer = subprocess.run(
            argv,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            env=env,
            input=stdin,
            cwd=cwd,
        )
    except FileNotFoundError as error:
        raise ClusterError(
            f"{argv[0]} is not installed: `localcluster setup` installs what is missing"
        ) from error
    if answer.returncode:
        raise ClusterError(f"{abbreviate(argv)} failed: {reason_in(answer.stderr or answer.stdout)}")
    return answer.stdout


def succeeds(*argv: str, env: Mapping[str, str] | None = None) -> bool:
    """Return whether the program succeeds; its output is dropped."""
    environment = os.environ | dict(env or {})
    return subprocess.run(argv, capture_output=True, check=False, env=environment).returncode == 0


def abbreviate(argv: Sequence[str]) -> str:
    """Return the beginning of a command line, enough to recognise it."""
    return " ".join(argv[:4])


def reason_in(text: str) -> str:
    """Return the line that holds the reason: one that speaks of the network, else the last."""
    if line := _refusing_line(text):
        return f"the network does not answer, or its proxy and mirror are not set ({_end(line)})"
    if NO_PIP in text:
        return f"{NO_PIP}: `python3 -m ensurepip` there, or remove .venv and `make install`"
    return last_line(text)


def _end(line: str) -> str:
    """Return a line's end, where the reason is."""
    return line if len(line) <= MOST else f"… {line[-MOST:]}"


def reaches_nobody(text: str) -> bool:
    """Return whether a program's output says that it reached nobody."""
    return _refusing_line(text) is not None


def _refusing_line(text: str) -> str | None:
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if any(sign in line for sign in NO_NETWORK)), None)


def last_line(text: str) -> str:
    """Return the line that usually holds the reason."""
    return (text.strip() or "no error shown").splitlines()[-1]
