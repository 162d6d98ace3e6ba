"""containerd's own command line: which images the node has, and how it gets one without a registry."""

import hashlib
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.images import oci
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.node.config import PAUSE_IMAGE, socket
from chess_localcluster.paths import Cache, Home

PAUSE_SOURCE = Path(__file__).parents[1] / "images" / "pause.c"
NAMESPACE = "k8s.io"


def ctr(home: Home, cache: Cache, *arguments: str) -> str:
    """Run `ctr` in the namespace that kubelet uses."""
    return run(*_ctr(home, cache), *arguments)


def answers(home: Home, cache: Cache) -> bool:
    """Tell whether containerd is ready for requests."""
    return socket(home).exists() and succeeds(*_ctr(home, cache), "version")


def _ctr(home: Home, cache: Cache) -> tuple[str, ...]:
    return (str(cache.bin / "ctr"), "--address", str(socket(home)), "--namespace", NAMESPACE)


def names(home: Home, cache: Cache) -> list[str]:
    """Return the names of the images that the node has."""
    return ctr(home, cache, "images", "list", "--quiet").split()


def digests(home: Home, cache: Cache) -> dict[str, str]:
    """Return the manifest that each image name stands for."""
    rows = (line.split() for line in ctr(home, cache, "images", "list").splitlines()[1:])
    return {row[0]: row[2] for row in rows}


def blobs(home: Home, cache: Cache) -> frozenset[str]:
    """Return what the node's content store holds."""
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


def ensure_pause(home: Home, cache: Cache) -> None:
    """Every pod's first container; without it none starts."""
    if PAUSE_IMAGE not in names(home, cache):
        load(home, cache, pause_archive(cache))


def pause_archive(cache: Cache) -> Path:
    """Compile the pause program and wrap it, once for each state of its source."""
    key = hashlib.sha256(PAUSE_SOURCE.read_bytes() + PAUSE_IMAGE.encode()).hexdigest()[:16]
    archive = cache.images / f"pause-{key}.tar"
    if not archive.exists():
        cache.images.mkdir(parents=True, exist_ok=True)
        program = cache.images / "pause"
        run("gcc", "-Os", "-static", "-s", "-o", str(program), str(PAUSE_SOURCE))
        run_as = {"Entrypoint": ["/pause"], "User": "65535:65535"}
        oci.write_archive(archive, PAUSE_IMAGE, oci.program_layer(program), run_as)
    return archive
