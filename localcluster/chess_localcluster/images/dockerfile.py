"""`image build` and `image load`: from a Dockerfile to the node, without a registry.

buildah keeps its layers in the cache. Of a built image only those layers go to the node that it does not have, so that
a change of code costs a small layer.
"""

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chess_localcluster.errors import ClusterError
from chess_localcluster.images import base, dockerignore, wheels
from chess_localcluster.machine import files, mounts
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.machine.locks import alone
from chess_localcluster.node import containers
from chess_localcluster.paths import Cache, Home
from chess_localcluster.progress import Progress

TAG = "chesscluster:dev"
MANY_IMAGES = 80
NAME_ANNOTATION = "io.containerd.image.name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """An image that the node has."""

    name: str
    fresh: bool


def full_name(tag: str) -> str:
    """Return the name as Kubernetes completes it."""
    first, slash, _ = tag.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return tag
    return f"docker.io/{tag}" if slash else f"docker.io/library/{tag}"


def require_dockerfile(project: Path) -> None:
    """Refuse a directory that no image can be built from."""
    if not (project / "Dockerfile").exists():
        raise ClusterError(f"image build: there is no Dockerfile in {project}")


def prepare(
    cache: Cache, project: Path, progress: Progress, tag: str = TAG, base_ref: str | None = None
) -> bool:
    """Build the image of a directory, unless nothing of it has changed; tell whether it was built. Takes no node."""
    require_dockerfile(project)
    name = full_name(tag)
    with alone(cache.images / ".lock", "image build", progress):
        key = dockerignore.fingerprint(project, name, base_ref or base.NAME)
        if _is_built(cache, name, key):
            return False
        _bud(cache, project, progress, name, base_ref)
        files.write(cache.images / "built.json", json.dumps(_built(cache) | {name: key}))
        return True


def build(
    home: Home, cache: Cache, project: Path, progress: Progress, tag: str = TAG, base_ref: str | None = None
) -> Built:
    """Build the image of a directory and give it to the node; do nothing if neither would change."""
    name, layout = full_name(tag), cache.images / "layout"
    fresh = prepare(cache, project, progress, tag, base_ref)
    with alone(cache.images / ".lock", "image build", progress):
        if _digest(layout, name) != containers.digests(home, cache).get(name):
            with progress.stage(f"loading {tag} into the node"):
                hand_over(home, cache, layout, name)
    return Built(name=name, fresh=fresh)


def _is_built(cache: Cache, name: str, key: str) -> bool:
    return _built(cache).get(name) == key and (cache.images / "layout" / "index.json").exists()


def _built(cache: Cache) -> dict[str, str]:
    try:
        known: dict[str, str] = json.loads((cache.images / "built.json").read_text())
    except (OSError, ValueError):
        return {}
    return known


def _bud(cache: Cache, project: Path, progress: Progress, name: str, base_ref: str | None) -> None:
    buildah = _buildah(cache)
    prepared = wheels.directory(cache, project, progress) if base_ref is None else None
    if base_ref is None:
        _ensure_base(cache, progress)
    volumes = (
        ("--volume", f"{prepared}:/wheels:ro", "--build-arg", f"WHEELS={prepared.name}") if prepared else ()
    )
    with progress.stage(f"building {name}"):
        try:
            run(
                *buildah,
                "bud",
                "--isolation",
                "chroot",
                "--layers",
                "--build-arg",
                f"BASE={base_ref or base.NAME}",
                *volumes,
                "--tag",
                _local(name),
                str(project),
            )
            run(
                *buildah,
                "push",
                "--quiet",
                "--disable-compression",
                _local(name),
                f"oci:{cache.images / 'layout'}:{name}",
            )
            _prune(buildah)
            _prune_layout(cache.images / "layout")
        finally:
            mounts.remove_below(cache.images / "buildah")


def _prune(buildah: tuple[str, ...]) -> None:
    """Remove nameless images only when they are many: through them buildah finds its cached layers."""
    if len(run(*buildah, "images", "--quiet", "--all").split()) > MANY_IMAGES:
        succeeds(*buildah, "rmi", "--prune")


def _prune_layout(layout: Path) -> None:
    """Remove entries that have lost their name, and the blobs that no named one has; buildah only adds."""
    path = layout / "index.json"
    index = json.loads(path.read_text())
    index["manifests"] = [entry for entry in index["manifests"] if entry.get("annotations")]
    files.write(path, json.dumps(index), 0o644)
    used = {digest for entry in index["manifests"] for digest in blobs_of(layout, entry)}
    for blob in (layout / "blobs").glob("*/*"):
        if f"{blob.parent.name}:{blob.name}" not in used:
            blob.unlink()


def _local(name: str) -> str:
    """Return a name that buildah does not look for elsewhere."""
    return f"localhost/{name.rpartition('/')[2]}"


def _buildah(cache: Cache) -> tuple[str, ...]:
    store = cache.images / "buildah"
    return (
        "buildah",
        "--root",
        str(store / "root"),
        "--runroot",
        str(store / "run"),
        "--storage-driver",
        "overlay",
    )


def _ensure_base(cache: Cache, progress: Progress) -> None:
    source = base.archive(cache, progress)
    seen = cache.images / "base-in-buildah"
    if (
        seen.exists()
        and seen.read_text() == source.name
        and succeeds(*_buildah(cache), "inspect", "--type", "image", base.NAME)
    ):
        return
    run(*_buildah(cache), "pull", "--quiet", f"oci-archive:{source}")
    seen.write_text(source.name)


def hand_over(home: Home, cache: Cache, layout: Path, name: str) -> None:
    """Import an image of an OCI layout, leaving out the blobs that containerd has."""
    present = containers.blobs(home, cache)
    archive = home.node / "import.tar"
    index = json.loads((layout / "index.json").read_text())
    entry = _entry(index, name)
    _write_archive(
        archive, layout, entry, name, [blob for blob in blobs_of(layout, entry) if blob not in present]
    )
    try:
        containers.load(home, cache, archive)
    finally:
        archive.unlink(missing_ok=True)


def blobs_of(layout: Path, entry: dict[str, Any]) -> Iterator[str]:
    """Return the digests that make an image: manifest, configuration, layers."""
    manifest = json.loads(_blob(layout, entry["digest"]).read_text())
    yield entry["digest"]
    yield manifest["config"]["digest"]
    yield from (layer["digest"] for layer in manifest["layers"])


def _entry(index: dict[str, Any], name: str) -> dict[str, Any]:
    found = [
        entry
        for entry in index["manifests"]
        if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == name
    ]
    if not found:
        raise ClusterError(f"image {name} is not built: `localcluster image build` builds it")
    return dict(found[-1])


def _digest(layout: Path, name: str) -> str:
    return str(_entry(json.loads((layout / "index.json").read_text()), name)["digest"])


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def _write_archive(target: Path, layout: Path, entry: dict[str, Any], name: str, digests: list[str]) -> None:
    named = entry | {"annotations": {NAME_ANNOTATION: name}}
    index = target.with_name("index.json")
    index.write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    with tarfile.open(target, "w") as archive:
        archive.add(layout / "oci-layout", "oci-layout")
        archive.add(index, "index.json")
        for digest in digests:
            archive.add(_blob(layout, digest), f"blobs/{digest.replace(':', '/')}")
    index.unlink()
