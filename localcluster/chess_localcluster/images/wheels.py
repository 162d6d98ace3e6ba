"""Wheels for the image, fetched on the host: a build has neither network nor the machine's certificates."""

import hashlib
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.commands import run
from chess_localcluster.paths import Cache
from chess_localcluster.progress import Progress

LOCKS = {"image": "image.txt", "build": "image-build.txt"}
BASE_PYTHON = (3, 11)  # of Debian 12, as is the C library
BASE_GLIBC = (2, 36)
OLDEST_GLIBC = (2, 17)
PIP = (sys.executable, "-m", "pip")
PATCH_MARKER = re.compile(r" *; python_full_version < '3\.11\.\d+'")


def directory(cache: Cache, project: Path, progress: Progress) -> Path | None:
    """Return the wheels of the project's lock files, or None if it has none; pip checks the hashes."""
    locks = {name: project / "requirements" / file for name, file in LOCKS.items()}
    if not all(path.exists() for path in locks.values()):
        return None
    inputs = [PATCH_MARKER.pattern.encode(), *(path.read_bytes() for path in locks.values())]
    digest = hashlib.sha256(b"".join(inputs)).hexdigest()[:16]
    target = cache.root / "wheels" / digest
    if not target.exists():
        with progress.stage("Python packages for the image"):
            _fetch(locks, target)
    return target


def _fetch(locks: dict[str, Path], target: Path) -> None:
    """Fetch what the base image's Python can install, whichever Python runs here; build what has no wheel."""
    draft = target.with_name(f"{target.name}.draft")
    for name, lock in locks.items():
        pip = (*PIP, "download", "--quiet", "--no-deps", "--require-hashes", *_of_base(platform.machine()))
        run(*pip, "--requirement", str(_for_any_patch(lock, draft)), "--dest", str(draft / name))
        for source in [path for path in (draft / name).iterdir() if path.suffix != ".whl"]:
            _build(source)
    draft.rename(target)


def _of_base(machine: str) -> list[str]:
    """Return pip's options for the Python and the C library of the base."""
    abis = [f"cp{BASE_PYTHON[0]}{BASE_PYTHON[1]}", "abi3", "none"]
    minors = range(BASE_GLIBC[1], OLDEST_GLIBC[1] - 1, -1)
    platforms = [f"manylinux_{BASE_GLIBC[0]}_{minor}_{machine}" for minor in minors]
    version = ("--implementation", "cp", "--python-version", f"{BASE_PYTHON[0]}.{BASE_PYTHON[1]}")
    return [
        *version,
        *(option for abi in abis for option in ("--abi", abi)),
        *(option for name in [*platforms, f"manylinux2014_{machine}"] for option in ("--platform", name)),
    ]


def _build(source: Path) -> None:
    """Replace a source archive by its wheel; another Python than the base's may build pure Python only."""
    with tempfile.TemporaryDirectory() as scratch:
        run(*PIP, "wheel", "--quiet", "--no-deps", "--wheel-dir", scratch, str(source))
        (wheel,) = Path(scratch).iterdir()
        if not wheel.name.endswith("-none-any.whl"):
            raise ClusterError(
                f"{source.name} has neither a wheel for the base image nor pure Python: {wheel.name}"
            )
        shutil.move(wheel, source.parent)
    source.unlink()


def _for_any_patch(lock: Path, draft: Path) -> Path:
    """Drop the markers of patch releases: the base image's Python (3.11.2 in Debian 12) is not the host's."""
    draft.mkdir(parents=True, exist_ok=True)
    whole = draft / lock.name
    whole.write_text(PATCH_MARKER.sub("", lock.read_text(encoding="utf-8")), encoding="utf-8")
    return whole
