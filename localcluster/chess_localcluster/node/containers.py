"""containerd by its own command line: which images the node has, and loading one without a registry."""

from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.images import pause
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.node.config import socket
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import PAUSE_IMAGE
from chess_localcluster.progress import Progress

NAMESPACE = "k8s.io"


def ctr(home: Home, cache: Cache, *arguments: str) -> str:
    """Run `ctr` in the namespace that kubelet uses."""
    return run(*_ctr(home, cache), *arguments)


def answers(home: Home, cache: Cache) -> bool:
    """Return whether containerd is ready for requests."""
    return socket(home).exists() and succeeds(*_ctr(home, cache), "version")


def _ctr(home: Home, cache: Cache) -> tuple[str, ...]:
    return (str(cache.bin / "ctr"), "--address", str(socket(home)), "--namespace", NAMESPACE)


def names(home: Home, cache: Cache) -> list[str]:
    """Return the names of the images that the node has."""
    return ctr(home, cache, "images", "list", "--quiet").split()


def digests(home: Home, cache: Cache) -> dict[str, str]:
    """Return the digest of each image's manifest, by the image's name."""
    rows = (line.split() for line in ctr(home, cache, "images", "list").splitlines()[1:])
    return {row[0]: row[2] for row in rows}


def blobs(home: Home, cache: Cache) -> frozenset[str]:
    """Return the digests in the node's content store."""
    return frozenset(ctr(home, cache, "content", "list", "--quiet").split())


def load(home: Home, cache: Cache, archive: Path) -> None:
    """Import an OCI or Docker archive."""
    if not socket(home).exists():
        raise ClusterError(f"the cluster at {home.root} has no node: `localcluster up --nodes 1` makes one")
    try:
        ctr(home, cache, "images", "import", "--local", "--snapshotter", "overlayfs", str(archive))
    except ClusterError as error:
        reason = str(error).rpartition("failed: ctr: ")[2]
        raise ClusterError(f"{archive} cannot be loaded as an OCI or Docker archive: {reason}") from error


def ensure_pause(home: Home, cache: Cache, progress: Progress) -> None:
    """Load the pause image, the first container of every pod."""
    if PAUSE_IMAGE not in names(home, cache):
        load(home, cache, pause.archive(cache, progress))
