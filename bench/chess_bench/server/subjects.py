"""The servers that are measured: this checkout's, the version before, and what a user would write in 100 lines.

Each is a command and an environment. The version before is taken out of Git's history and runs with this environment's
dependencies, so that nothing but the server's own code differs.
"""

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[3]
OUT = ROOT / "out"
STARTING_COMMIT = "92ee3864177fb9a26125198be837e0d93956b7f5"
"""The version to which this one is compared."""

PEERS = ROOT / "bench" / "server" / "peers"
PEERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
SERVE = (sys.executable, "-m", "chess_server.cli", "serve")
SERVER_FOLDERS = ("server", "presence")

SETTINGS = {
    "CHESS_LISTEN": "127.0.0.1",
    "CHESS_ADMIN_PORT": "0",
    "CHESS_LOG_LEVEL": "warning",
    "CHESS_MAX_CONNECTIONS": "30000",
    "CHESS_PLAY_RATE": "100000/1",
    "CHESS_LOBBY_RATE": "100000/1",
}
"""All load comes from one address and as fast as it can: the limits that players have are lifted, for all alike."""


class SubjectError(RuntimeError):
    """A server cannot be measured; one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A server to measure."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def current() -> Subject:
    """Return this checkout's server."""
    return Subject(name="current", argv=SERVE, environment=_at(ROOT))


def starting(commit: str = STARTING_COMMIT) -> Subject:
    """Take the version before out of Git's history; raises SubjectError where there is none."""
    place = OUT / f"server-{commit[:12]}"
    if not place.exists():
        _extract(commit, place)
    return Subject(name="starting", argv=SERVE, environment=_at(place))


def hundred_lines() -> Subject:
    """Return the server that a user would write."""
    if not PEERS_PYTHON.exists():
        raise SubjectError(".venv-bench is missing; `make bench-server` makes it")
    return Subject(name="hundred_lines", argv=(str(PEERS_PYTHON), str(PEERS / "hundred_lines.py")))


def head() -> str:
    """Name the commit that is checked out, with a plus where files differ from it; empty without a history."""
    return _git("describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*")


def _at(place: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(str(place / folder) for folder in SERVER_FOLDERS), **SETTINGS}


def _extract(commit: str, place: Path) -> None:
    done = subprocess.run(
        ["git", "-C", ROOT, "archive", commit, *SERVER_FOLDERS], capture_output=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.decode(errors="replace").strip() or "no reason given").splitlines()[-1]
        raise SubjectError(f"commit {commit[:12]} is not to be had: {reason}")
    draft = place.with_suffix(".draft")
    draft.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(draft, filter="data")
    draft.rename(place)


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
