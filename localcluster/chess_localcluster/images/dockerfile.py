"""From a Dockerfile to an image in the cache; buildah keeps its layers there, so that a change of code costs little."""

import json
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.images import base, dockerignore, wheels
from chess_localcluster.images.layout import Layout
from chess_localcluster.machine import files, mounts
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.machine.locks import locked
from chess_localcluster.paths import Cache
from chess_localcluster.progress import Progress

TAG = "chesscluster:dev"
MANY_IMAGES = 80


def full_name(tag: str) -> str:
    """Return the name as Kubernetes completes it."""
    first, slash, _ = tag.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return tag
    return f"docker.io/{tag}" if slash else f"docker.io/library/{tag}"


def require_dockerfile(project: Path) -> None:
    """Refuse a directory without a Dockerfile."""
    if not (project / "Dockerfile").exists():
        raise ClusterError(f"image build: {project} has no Dockerfile")


def build(
    cache: Cache, project: Path, progress: Progress, tag: str = TAG, base_ref: str | None = None
) -> bool:
    """Build the image of a directory unless nothing of it has changed; return whether it was built."""
    require_dockerfile(project)
    name = full_name(tag)
    with locked(cache.images / ".lock", "image build", progress):
        below = base_ref or base.identity(base.archive(cache, progress))
        key = dockerignore.fingerprint(project, name, below)
        if _is_built(cache, name, key):
            return False
        _bud(cache, project, progress, name, base_ref)
        files.write(cache.images / "built.json", json.dumps(_built(cache) | {name: key}))
        return True


def layout(cache: Cache) -> Layout:
    """Return where the built images are."""
    return Layout(root=cache.images / "layout")


def _is_built(cache: Cache, name: str, key: str) -> bool:
    return _built(cache).get(name) == key and layout(cache).index.exists()


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
                f"oci:{layout(cache).root}:{name}",
            )
            _prune(buildah)
            layout(cache).prune()
        finally:
            mounts.remove_below(cache.images / "buildah")


def _prune(buildah: tuple[str, ...]) -> None:
    """Remove nameless images, but only when there are many: buildah finds its cached layers through them."""
    if len(run(*buildah, "images", "--quiet", "--all").split()) > MANY_IMAGES:
        succeeds(*buildah, "rmi", "--prune")


def _local(name: str) -> str:
    """Return a name that buildah does not look up in a registry."""
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
        and seen.read_text() == base.identity(source)
        and succeeds(*_buildah(cache), "inspect", "--type", "image", base.NAME)
    ):
        return
    run(*_buildah(cache), "pull", "--quiet", f"oci-archive:{source}")
    files.write(seen, base.identity(source))
