"""Wheels for the image, fetched on the host: inside a build there is neither network nor a company's certificates."""

import hashlib
import re
import sys
from pathlib import Path

from chess_localcluster.commands import run
from chess_localcluster.errors import ClusterError
from chess_localcluster.paths import Cache
from chess_localcluster.progress import Progress

LOCKS = {"image": "image.txt", "build": "image-build.txt"}
BASE_PYTHON = (3, 11)  # of Debian 12
PATCH_MARKER = re.compile(r" *; python_full_version < '3\.11\.\d+'")


def directory(cache: Cache, project: Path, progress: Progress) -> Path | None:
    """Return the wheels of the project's lock files, or None for a project without; hashes are checked by pip."""
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
    """Build what has no wheel, under the version of Python that the base has."""
    draft = target.with_name(f"{target.name}.draft")
    python = _interpreter()
    for name, lock in locks.items():
        pip = (python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--require-hashes")
        run(*pip, "--requirement", str(_for_any_patch(lock, draft)), "--wheel-dir", str(draft / name))
    draft.rename(target)


def _for_any_patch(lock: Path, draft: Path) -> Path:
    """Take what only some patch releases need: the base's (3.11.2 in Debian 12) is not the host's."""
    draft.mkdir(parents=True, exist_ok=True)
    whole = draft / lock.name
    whole.write_text(PATCH_MARKER.sub("", lock.read_text(encoding="utf-8")), encoding="utf-8")
    return whole


def _interpreter() -> str:
    if sys.version_info[:2] == BASE_PYTHON:
        return sys.executable
    wanted = f"{BASE_PYTHON[0]}.{BASE_PYTHON[1]}"
    raise ClusterError(
        f"the base image has Python {wanted} and localcluster runs on {sys.version_info[0]}.{sys.version_info[1]}: "
        f"make the environment with python{wanted}, or give another image with --base"
    )
