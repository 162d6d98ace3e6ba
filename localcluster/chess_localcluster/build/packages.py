"""Debian packages: the one step that changes the machine itself, so it shows what it installs and why."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import files
from chess_localcluster.machine.commands import reaches_nobody, reason_in, run, succeeds
from chess_localcluster.machine.locks import locked
from chess_localcluster.progress import Progress

LOCK = Path("/run/localcluster/packages.lock")  # not in /run/lock, where everybody may write
OURS = "# by localcluster, for as long as it installs packages"
"""Marks the files below: whoever finds one under the lock takes it away, for the run that made it was killed."""
POLICY = Path("/usr/sbin/policy-rc.d")
NO_MAIN_CLUSTER = Path("/etc/postgresql-common/createcluster.d/localcluster.conf")
TEMPORARY = {
    POLICY: (f"#!/bin/sh\n{OURS}\nexit 101\n", 0o755),
    NO_MAIN_CLUSTER: (f"{OURS}\ncreate_main_cluster = false\n", 0o644),
}
PATIENCE = ("-o", "DPkg::Lock::Timeout=300")
"""A machine that has just been started installs its updates first, for minutes."""
SERVICES = ("redis-server", "postgresql")
PLACES = ("/usr/sbin", "/sbin", "/usr/bin", "/bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package, a file that proves that it is installed, and what it is for."""

    name: str
    proof: str
    why: str


PACKAGES = (
    Package(name="containernetworking-plugins", proof="/usr/lib/cni/bridge", why="pod network"),
    Package(name="iproute2", proof="ip", why="pod network"),
    Package(name="iptables", proof="iptables", why="Services (kube-proxy)"),
    Package(name="conntrack", proof="conntrack", why="Services (kube-proxy)"),
    Package(name="nftables", proof="nft", why="NetworkPolicies, masquerading"),
    Package(name="redis-server", proof="redis-server", why="the Redis beside the cluster"),
    Package(name="redis-tools", proof="redis-cli", why="the Redis beside the cluster"),
    Package(
        name="postgresql", proof="/usr/lib/postgresql/*/bin/postgres", why="the PostgreSQL beside the cluster"
    ),
    Package(name="gcc", proof="gcc", why="building runc and the pause image"),
    Package(name="libc6-dev", proof="/usr/include/stdio.h", why="building runc and the pause image"),
    Package(name="libseccomp-dev", proof="/usr/include/seccomp.h", why="building runc"),
    Package(name="pkg-config", proof="pkg-config", why="building runc"),
    Package(name="buildah", proof="buildah", why="building images"),
    Package(name="mmdebstrap", proof="mmdebstrap", why="the base image"),
    Package(
        name="debian-archive-keyring",
        proof="/usr/share/keyrings/debian-archive-keyring.gpg",
        why="the base image, whose packages are Debian's on Ubuntu too",
    ),
    Package(name="pgn-extract", proof="/usr/games/pgn-extract", why="checking the demo's games"),
)


def missing() -> list[Package]:
    """Return the packages whose proof is not on the machine."""
    return [package for package in PACKAGES if not _present(package.proof)]


def _present(proof: str) -> bool:
    if proof.startswith("/"):
        return any(Path("/").glob(proof.lstrip("/")))
    return shutil.which(proof) is not None or any(Path(place, proof).exists() for place in PLACES)


def ensure(progress: Progress) -> list[str]:
    """Install what is missing; return the names. What a killed installation left is taken away first."""
    wanted, left = missing(), bool(_left())
    if wanted:
        _require_means([package.name for package in wanted])
    if not wanted and (not left or os.geteuid()):
        return []
    with locked(LOCK, "installation of Debian packages", progress):
        for path in _left():
            progress.line(f"==> removed {path}, which an installation left that was killed")
            path.unlink(missing_ok=True)
        return _install_missing(progress)


def _left() -> list[Path]:
    """Return the temporary files of an installation that are there and marked as this program's."""
    return [path for path in TEMPORARY if path.is_file() and OURS in path.read_text(errors="replace")]


def _install_missing(progress: Progress) -> list[str]:
    """Install what is still missing once the lock is held."""
    wanted = missing()
    if not wanted:
        return []
    names = [package.name for package in wanted]
    progress.line("==> Debian packages to install:")
    for package in wanted:
        progress.line(f"      {package.name:28} {package.why}")
    with progress.stage(f"installing {len(names)} Debian packages"):
        _install(names)
    still = [package.name for package in missing()]
    if still:
        raise ClusterError(
            f"apt-get succeeded, but the programs of these packages are missing: {', '.join(still)}"
        )
    return names


def _require_means(names: list[str]) -> None:
    listed = " ".join(names)
    if shutil.which("apt-get") is None:
        raise ClusterError(
            f"apt-get is missing, so this is not Debian; install the programs of these packages: {listed}"
        )
    if os.geteuid():
        raise ClusterError(f"Debian packages are missing; run `localcluster setup` as root: {listed}")


def _install(names: list[str]) -> None:
    """Run apt-get; Debian's own services of Redis and PostgreSQL must neither start nor make databases."""
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    install = ("apt-get", "install", "--yes", "--no-install-recommends", *PATIENCE, *names)
    with ExitStack() as stack:
        for path, (text, mode) in TEMPORARY.items():
            stack.enter_context(_temporary_file(path, text, mode))
        updated = run("apt-get", "update", *PATIENCE, env=environment)
        try:
            run(*install, env=environment)
        except ClusterError as error:
            if reaches_nobody(updated):  # which apt-get only warns of; what it lacks then is the consequence
                raise ClusterError(f"apt-get update failed: {reason_in(updated)}") from error
            raise
    if Path("/run/systemd/system").exists():
        for service in set(SERVICES) & set(names):
            succeeds("systemctl", "disable", service)


@contextmanager
def _temporary_file(path: Path, text: str, mode: int) -> Iterator[None]:
    """Write the file unless there is one; remove it at the end if it was written here."""
    if path.exists():  # somebody's own policy
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, text, mode)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
