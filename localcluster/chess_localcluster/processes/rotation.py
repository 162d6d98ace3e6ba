"""Keeps the logs of a home small, as a process beside the node: `python -m chess_localcluster.processes.rotation DIR`.

Nothing supervises the components, so nobody could hand them a new file: a log that has grown is copied and emptied in
place. They write at its end (O_APPEND) and go on at its new one; what is written during the copy may be lost.
"""

import os
import shutil
import sys
import time
from pathlib import Path

MOST_BYTES = 16 << 20
PERIOD_SECONDS = 10.0
OLDER = ".1"


def rotate(directory: Path, most_bytes: int = MOST_BYTES) -> list[str]:
    """Set aside what each log has beyond `most_bytes`, with one older file a log; return the names of those logs."""
    grown = [path for path in sorted(directory.rglob("*.log")) if _size(path) > most_bytes]
    for path in grown:
        draft = path.with_name(f"{path.name}{OLDER}.draft")
        draft.unlink(missing_ok=True)
        shutil.copyfile(path, draft)
        draft.chmod(0o600)
        os.truncate(path, 0)
        draft.replace(path.with_name(f"{path.name}{OLDER}"))
    return [path.name for path in grown]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone meanwhile; the others are still to be looked at
        return 0


def main() -> None:
    """Look at the logs until killed."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and its one argument
        sys.exit("usage: python -m chess_localcluster.processes.rotation DIRECTORY")
    while True:
        try:
            rotate(Path(sys.argv[1]))
        except OSError as error:  # a full disk, or a file that is gone: the next look may find it otherwise
            print(f"not rotated: {error}", flush=True)
        time.sleep(PERIOD_SECONDS)


if __name__ == "__main__":
    main()
