"""A work tree of the Git server's repository: what a user would clone, edit, commit and push."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from chess_localcluster.machine.commands import run

IDENTITY = (
    "-c",
    "user.name=localcluster",
    "-c",
    "user.email=localcluster@localhost",
    "-c",
    "commit.gpgsign=false",
)
SETTINGS = "manifests/argocd/repository/repository.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A clone with the project's charts and manifests in it."""

    root: Path

    @classmethod
    def of_project(cls, project: Path, bare: Path, url: str, root: Path) -> "Checkout":
        """Clone the bare repository to `root` and fill it with the project's charts and manifests as they are now."""
        run("git", "clone", "--quiet", str(bare), str(root))
        made = cls(root=root)
        made._git("checkout", "--quiet", "-B", "main")
        for part in ("charts", "manifests"):
            _copy_tracked(project, part, root)
        settings = root / SETTINGS
        document = yaml.safe_load(settings.read_text())
        document["data"] = {"url": url, "revision": "main"}
        settings.write_text(yaml.safe_dump(document, sort_keys=False))
        return made

    def path(self, name: str) -> Path:
        """Return a file's path."""
        return self.root / name

    def documents(self, name: str) -> list[dict[str, Any]]:
        """Read a file of several objects."""
        return list(yaml.safe_load_all(self.path(name).read_text()))

    def write(self, name: str, documents: list[dict[str, Any]]) -> None:
        """Write a file of several objects."""
        self.path(name).write_text(yaml.safe_dump_all(documents, sort_keys=False))

    def push(self, message: str) -> str:
        """Commit everything and push it; return the revision."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", f"--message={message}")
        self._git("push", "--quiet", "--force", "origin", "main")
        return self._git("rev-parse", "HEAD").strip()

    def revert(self, revision: str) -> bool:
        """Restore every file of that revision; return whether there is anything to commit."""
        self._git("checkout", "--quiet", revision, "--", ".")
        return bool(self._git("status", "--porcelain").strip())

    def _git(self, *arguments: str) -> str:
        return run("git", *IDENTITY, "-C", str(self.root), *arguments)


def _copy_tracked(project: Path, part: str, root: Path) -> None:
    """Copy only the files that Git tracks or would track, without what .gitignore excludes."""
    listing = (
        "git",
        "-C",
        str(project),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--",
        part,
    )
    names = subprocess.run(listing, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, target = project / name, root / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
