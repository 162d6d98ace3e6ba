"""Writes files so that a reader never sees half of one, and a watcher sees no change where there is none.

A draft is a new file, never one that was there, and never behind a link: root also writes where another user may.
"""

import os
from pathlib import Path

PRIVATE = 0o600
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write(path: Path, text: str, mode: int = PRIVATE, group: int | None = None) -> bool:
    """Write the text unless the file has it already; return whether it was written. `group` may read it as `mode` says.

    kube-proxy ends when its configuration is written, even with the same text.
    """
    if _read(path) == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)  # of a command that was killed
    descriptor = os.open(draft, NEW, PRIVATE)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            if group is not None:
                os.fchown(descriptor, -1, group)
            os.fchmod(descriptor, mode)
    except OSError as error:  # a full disk names no file by itself
        draft.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
    draft.replace(path)
    return True


def _read(path: Path) -> str | None:
    try:
        return None if path.is_symlink() else path.read_text()
    except OSError:
        return None
