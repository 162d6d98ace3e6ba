"""An OCI layout: the directory that buildah pushes images to, one file per blob."""

import json
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import files

REFERENCE = "org.opencontainers.image.ref.name"
NAME_ANNOTATION = "io.containerd.image.name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The images in one directory."""

    root: Path

    @property
    def index(self) -> Path:
        """The file that names every image."""
        return self.root / "index.json"

    def digest(self, name: str) -> str:
        """Return the digest of an image's manifest."""
        return str(self._entry(name)["digest"])

    def prune(self) -> None:
        """Remove entries that have lost their name, and the blobs that no named one has; buildah only adds."""
        index = json.loads(self.index.read_text())
        index["manifests"] = [entry for entry in index["manifests"] if entry.get("annotations")]
        files.write(self.index, json.dumps(index), 0o644)
        used = {digest for entry in index["manifests"] for digest in self._blobs_of(entry)}
        for blob in (self.root / "blobs").glob("*/*"):
            if f"{blob.parent.name}:{blob.name}" not in used:
                blob.unlink()

    def write_archive(self, target: Path, name: str, present: Collection[str]) -> None:
        """Write an image as an archive for containerd, without the blobs in `present`."""
        entry = self._entry(name)
        named = entry | {"annotations": {NAME_ANNOTATION: name}}
        index = target.with_name("index.json")
        index.write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
        with tarfile.open(target, "w") as archive:
            archive.add(self.root / "oci-layout", "oci-layout")
            archive.add(index, "index.json")
            for digest in self._blobs_of(entry):
                if digest not in present:
                    archive.add(self._blob(digest), f"blobs/{digest.replace(':', '/')}")
        index.unlink()

    def _entry(self, name: str) -> dict[str, Any]:
        entries = json.loads(self.index.read_text())["manifests"]
        found = [entry for entry in entries if entry.get("annotations", {}).get(REFERENCE) == name]
        if not found:
            raise ClusterError(f"image {name} is not built: `localcluster image build` builds it")
        return dict(found[-1])

    def _blobs_of(self, entry: dict[str, Any]) -> Iterator[str]:
        """Return the digests that make an image: manifest, configuration, layers."""
        manifest = json.loads(self._blob(entry["digest"]).read_text())
        yield entry["digest"]
        yield manifest["config"]["digest"]
        yield from (layer["digest"] for layer in manifest["layers"])

    def _blob(self, digest: str) -> Path:
        return self.root / "blobs" / digest.replace(":", "/")
