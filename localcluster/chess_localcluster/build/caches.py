"""`clean`: removes what is made once per machine, and says what stays where.

Go's own caches are shared with whatever else is built by Go there, so they are emptied only when asked for.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.build import golang
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import locks, mounts
from chess_localcluster.machine.proc import PROC, name_of
from chess_localcluster.paths import Cache

PARTS = ("bin", "go", "images", "wheels")
GO_CACHES = ("GOMODCACHE", "GOCACHE")
NAMED = 3
EMPTIED = ("clean", "-cache", "-modcache")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A directory, and how much is in it."""

    path: Path
    size: int

    @property
    def text(self) -> str:
        """Return both for a reader."""
        return f"{self.path} ({self.size / 1e9:.1f} GB)"


def own(cache: Cache) -> list[Place]:
    """Return the parts of the cache that are there."""
    return [Place(path=path, size=size_of(path)) for name in PARTS if (path := cache.root / name).exists()]


def gos(cache: Cache) -> list[Place]:
    """Return Go's own caches that are there; none if there is no Go."""
    go = golang.find(cache)
    if go is None:
        return []
    asked = [str(go.program), "env", *GO_CACHES]
    answer = subprocess.run(asked, env=go.environment(), capture_output=True, text=True, check=False)
    paths = [Path(line) for line in answer.stdout.splitlines() if line]
    return [Place(path=path, size=size_of(path)) for path in paths if path.exists()]


def clean(cache: Cache, *, go: bool) -> None:
    """Remove the own parts, and empty Go's own caches if asked; refuse while anything runs from here or is made."""
    if users := sorted(_users(cache.root)):
        raise ClusterError(
            f"{cache.root} is in use by {', '.join(users[:NAMED])}: `localcluster down` first, or wait until it ends"
        )
    if go and (found := golang.find(cache)):  # by Go itself: its modules are write-protected
        subprocess.run([str(found.program), *EMPTIED], env=found.environment(), check=False)
    mounts.remove_below(cache.root)
    for name in PARTS:
        if (cache.root / name).exists():
            shutil.rmtree(cache.root / name)
    if cache.root.exists() and not any(cache.root.iterdir()):
        cache.root.rmdir()


def _users(root: Path) -> Iterator[str]:
    for process in PROC.glob("[0-9]*"):
        try:
            program = (process / "exe").readlink()
            if program.is_relative_to(root):
                yield f"{name_of(process)} (pid {process.name})"
        except OSError:
            continue
    for lock in root.rglob(".*lock"):
        descriptor = locks.open_private(lock)
        if not locks.try_lock(descriptor):
            yield f"whoever holds {lock}"
        os.close(descriptor)


def size_of(directory: Path) -> int:
    """Return the bytes that a directory takes on its disk."""
    return sum(_blocks(Path(path, name)) for path, _, names in os.walk(directory) for name in names)


def _blocks(path: Path) -> int:
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0
