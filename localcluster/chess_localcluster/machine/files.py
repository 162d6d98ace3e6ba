"""Writes files so that a reader never sees half of one, and a watcher sees no change where there is none."""

import os
from pathlib import Path

PRIVATE = 0o600


def write(path: Path, text: str, mode: int = PRIVATE) -> bool:
    """Write the text unless the file has it already; return whether it was written.

    kube-proxy ends when its configuration is written, even with the same text.
    """
    if _read(path) == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)
    return True


def _read(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None
