"""Writes a one-layer image as an OCI archive, for images without a Dockerfile."""

import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import Any

MEDIA = "application/vnd.oci.image"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def write_archive(target: Path, name: str, layer: bytes, run: dict[str, Any]) -> None:
    """Write an image of that name from one tar layer; `run` is its configuration (Entrypoint, User, …)."""
    machine = platform.machine()
    config = _json(
        {
            "architecture": ARCHITECTURES.get(machine, machine),
            "os": "linux",
            "config": run,
            "history": [{"created_by": "localcluster"}],  # buildah counts layers by it
            "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}.manifest.v1+json",
            "config": _descriptor(f"{MEDIA}.config.v1+json", config),
            "layers": [_descriptor(f"{MEDIA}.layer.v1.tar", layer)],
        }
    )
    named = _descriptor(f"{MEDIA}.manifest.v1+json", manifest) | {
        "annotations": {"io.containerd.image.name": name}
    }
    index = _json({"schemaVersion": 2, "mediaType": f"{MEDIA}.index.v1+json", "manifests": [named]})
    blobs = {f"blobs/sha256/{_digest(blob)[7:]}": blob for blob in (layer, config, manifest)}
    _write(target, {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": index} | blobs)


def program_layer(program: Path) -> bytes:
    """Return a layer that holds one static program."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(program.name)
        content = program.read_bytes()
        member.size, member.mode = len(content), 0o755
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def _write(target: Path, members: dict[str, bytes]) -> None:
    draft = target.with_suffix(".draft")
    with tarfile.open(draft, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    draft.replace(target)


def _descriptor(media: str, content: bytes) -> dict[str, Any]:
    return {"mediaType": media, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
