"""The base image where no registry answers: Debian 12 with Python, made from Debian's packages, 95 MB."""

import hashlib
import time
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.images import oci
from chess_localcluster.machine.commands import run
from chess_localcluster.machine.locks import locked
from chess_localcluster.paths import Cache
from chess_localcluster.progress import Progress

NAME = "localhost/chesscluster-base:bookworm"
UNREAD = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/locale/*")
# usrmerge installs all of Perl for one script of its own; the packages here need perl-base at most
UNUSED = (
    "usr/lib/*/perl",
    "usr/share/perl",
    "usr/bin/perl5*",
    "usr/lib/*/libperl.so*",
    "usr/share/i18n",
    "usr/lib/python3*/pydoc_data",
    "usr/lib/python3*/lib2to3",
    "var/cache/debconf",
    "var/lib/dpkg/info",
)
PACKAGES = ("python3", "ca-certificates")
DAY_SECONDS = 86_400
FRESH_DAYS = 30
"""Then it is made anew: Debian has mended some of its packages by then."""


def archive(cache: Cache, progress: Progress) -> Path:
    """Return the base image as an OCI archive, built once for each state of this recipe, and again after a month."""
    key = hashlib.sha256(repr((UNREAD, UNUSED, PACKAGES)).encode()).hexdigest()[:16]
    target = cache.images / f"base-{key}.tar"
    with locked(cache.images / ".base.lock", "build of the base image", progress):
        if not target.exists():
            with progress.stage("base image (Debian 12 with Python)"):
                _make(cache.images / "base-root.tar", target)
        elif age_days(target) >= FRESH_DAYS:
            _refresh(cache, target, progress)
    return target


def age_days(target: Path) -> int:
    """Return how long ago the base image was made."""
    return int(time.time() - target.stat().st_mtime) // DAY_SECONDS


def identity(source: Path) -> str:
    """Return what tells one build of the base image from the next."""
    return f"{source.name} {source.stat().st_mtime_ns}"


def _refresh(cache: Cache, target: Path, progress: Progress) -> None:
    """Make it anew; where that fails, as without a network, the old one serves until it succeeds."""
    try:
        with progress.stage(f"base image, as the old one is {age_days(target)} days old"):
            _make(cache.images / "base-root.tar", target)
    except ClusterError as error:
        progress.line(f"!!  the base image stays {age_days(target)} days old: {error}")


def _make(root: Path, target: Path) -> None:
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in UNREAD]
    removal = f'--customize-hook=cd "$1" && rm -rf {" ".join(UNUSED)}'
    include = f"--include={','.join(PACKAGES)}"
    run("mmdebstrap", "--quiet", "--variant=essential", include, *excluded, removal, "bookworm", str(root))
    oci.write_archive(target, NAME, root.read_bytes(), {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]})
    root.unlink()
