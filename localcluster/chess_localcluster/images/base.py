"""The base image where no registry answers: Debian 12 with Python, made from Debian's packages, 95 MB."""

import hashlib
from pathlib import Path

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


def archive(cache: Cache, progress: Progress) -> Path:
    """Return the base image as an OCI archive, built once for each state of this recipe."""
    key = hashlib.sha256(repr((UNREAD, UNUSED, PACKAGES)).encode()).hexdigest()[:16]
    target = cache.images / f"base-{key}.tar"
    with locked(cache.images / ".base.lock", "build of the base image", progress):
        if not target.exists():
            with progress.stage("base image (Debian 12 with Python)"):
                _make(cache.images / "base-root.tar", target)
    return target


def _make(root: Path, target: Path) -> None:
    excluded = [f"--dpkgopt=path-exclude={pattern}" for pattern in UNREAD]
    removal = f'--customize-hook=cd "$1" && rm -rf {" ".join(UNUSED)}'
    include = f"--include={','.join(PACKAGES)}"
    run("mmdebstrap", "--quiet", "--variant=essential", include, *excluded, removal, "bookworm", str(root))
    oci.write_archive(target, NAME, root.read_bytes(), {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]})
    root.unlink()
