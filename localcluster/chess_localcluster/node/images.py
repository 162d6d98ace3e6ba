"""`image build`: builds an image and loads it into the node, without a registry.

Only the layers that the node lacks are loaded, so a change of code costs a small layer.
"""

from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.images import dockerfile
from chess_localcluster.machine.locks import locked
from chess_localcluster.node import containers
from chess_localcluster.paths import Cache, Home
from chess_localcluster.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image that the node has."""

    name: str
    fresh: bool


def build_and_load(
    home: Home,
    cache: Cache,
    project: Path,
    progress: Progress,
    tag: str = dockerfile.TAG,
    base_ref: str | None = None,
) -> Built:
    """Build the image of a directory and load it into the node; do nothing if neither would change."""
    name, layout = dockerfile.full_name(tag), dockerfile.layout(cache)
    fresh = dockerfile.build(cache, project, progress, tag, base_ref)
    with locked(cache.images / ".lock", "image build", progress):
        if layout.digest(name) != containers.digests(home, cache).get(name):
            with progress.stage(f"loading {tag} into the node"):
                _load(home, cache, name)
    return Built(name=name, fresh=fresh)


def _load(home: Home, cache: Cache, name: str) -> None:
    """Import an image without the blobs that containerd has."""
    archive = home.node / "import.tar"
    dockerfile.layout(cache).write_archive(archive, name, present=containers.blobs(home, cache))
    try:
        containers.load(home, cache, archive)
    finally:
        archive.unlink(missing_ok=True)
