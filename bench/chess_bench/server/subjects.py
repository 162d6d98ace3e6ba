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
    "CHESS_JOIN_RATE": "100000/1",
    "CHESS_ADDRESS_JOIN_RATE": "100000/1",
    "CHESS_ADDRESS_CONNECTIONS": "30000",
    "CHESS_FIRST_MESSAGE_SECONDS": "3600",
    "CHESS_SHED_LAG_MS": "60000",
    "CHESS_NO_START_SECONDS": "600",
    "CHESS_ABANDON_SECONDS": "600",
}
"""All load comes from one address, as fast as it can: limits are lifted, for all alike. No game ends because its first
move waits until thousands of others are paired."""


class SubjectError(RuntimeError):
    """A server cannot be measured; one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A server to measure."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def current(commit: str = "") -> Subject:
    """Return this checkout's server, or a commit's in its place."""
    return Subject(name="current", argv=SERVE, environment=_at(_extracted(commit) if commit else ROOT))


def starting() -> Subject:
    """Take the version before out of Git's history; raises SubjectError where there is none."""
    return Subject(name="starting", argv=SERVE, environment=_at(_extracted(STARTING_COMMIT)))


def hundred_lines() -> Subject:
    """Return the server that a user would write."""
    if not PEERS_PYTHON.exists():
        raise SubjectError(".venv-bench is missing; `make bench-server` makes it")
    return Subject(name="hundred_lines", argv=(str(PEERS_PYTHON), str(PEERS / "hundred_lines.py")))


def head() -> str:
    """Name the commit that is checked out, with a plus where files differ from it; empty without a history."""
    found = _git("describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*")
    return "" if found.returncode else found.stdout.decode().strip()


def _at(place: Path) -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(str(place / folder) for folder in SERVER_FOLDERS), **SETTINGS}


def _extracted(commit: str) -> Path:
    """Return where a commit's server lies; take it out of Git's history if need be."""
    place = OUT / f"server-{commit[:12]}"
    if place.exists():
        return place
    done = _git("archive", commit, *SERVER_FOLDERS)
    if done.returncode:
        reason = (done.stderr.decode(errors="replace").strip() or "no reason given").splitlines()[-1]
        raise SubjectError(f"commit {commit[:12]} is not in Git's history here: {reason}")
    draft = place.with_suffix(".draft")
    draft.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=BytesIO(done.stdout)) as archive:
        archive.extractall(draft, filter="data")
    return draft.rename(place)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        return subprocess.CompletedProcess(arguments, 1, b"", b"git is not installed")
