"""Which files of a directory go into an image: the part of .dockerignore's syntax that this project needs."""

import fnmatch
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath


def patterns(text: str) -> list[str]:
    """Return the patterns of a .dockerignore."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def ignored(path: str, rules: Iterable[str]) -> bool:
    """Return whether the last rule that matches the path, or a directory above it, excludes it."""
    places = [path, *(str(parent) for parent in PurePosixPath(path).parents if parent.name)]
    verdict = False
    for rule in rules:
        pattern = rule.removeprefix("!").strip("/")
        if any(_matches(place, pattern) for place in places):
            verdict = not rule.startswith("!")
    return verdict


def _matches(place: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatchcase(PurePosixPath(place).name, pattern[3:])
    return place.count("/") == pattern.count("/") and fnmatch.fnmatchcase(place, pattern)


def kept(root: Path) -> Iterator[Path]:
    """Return the files that a build of `root` sees, in a fixed order, with the Dockerfile first."""
    yield root / "Dockerfile"
    listing = root / ".dockerignore"
    rules = patterns(listing.read_text()) if listing.exists() else []
    wanted = {rule[1:].strip("/").partition("/")[0] for rule in rules if rule.startswith("!")}
    for top in sorted(root.iterdir()):
        if "*" in rules and top.name not in wanted:
            continue  # most of a project's directory is not part of its image, so it is not read
        for path in _files(top):
            if not ignored(path.relative_to(root).as_posix(), rules):
                yield path


def _files(top: Path) -> Iterator[Path]:
    if top.is_file():
        yield top
        return
    for directory, below, names in os.walk(top):
        below.sort()
        yield from (Path(directory, name) for name in sorted(names))


def fingerprint(root: Path, *more: str) -> str:
    """Return a hash of all that decides what the image of `root` holds."""
    digest = hashlib.sha256(repr(more).encode())
    for path in kept(root):
        digest.update(str(path.relative_to(root)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
