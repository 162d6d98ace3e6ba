"""What /proc shows of other programs. Their names and the paths they mount are bytes, which need not be UTF-8."""

from pathlib import Path

PROC = Path("/proc")


def name_of(process: Path) -> str:
    """Return the name of the process of a directory of /proc; empty if it has ended."""
    try:
        return (process / "comm").read_text("utf-8", errors="replace").strip()
    except OSError:
        return ""
