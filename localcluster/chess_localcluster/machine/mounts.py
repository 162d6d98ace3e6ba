"""Mounts below a directory: found and removed."""

from pathlib import Path

from chess_localcluster.machine.commands import succeeds

MOUNTINFO = Path("/proc/self/mountinfo")


def below(root: Path, mountinfo: str) -> list[str]:
    """Return the mount points in or below `root`, the deepest first."""
    points = (_unescape(line.split()[4]) for line in mountinfo.splitlines())
    inside = [point for point in points if Path(point).is_relative_to(root)]
    return sorted(inside, key=lambda point: point.count("/"), reverse=True)


def _unescape(point: str) -> str:
    """Decode what the kernel writes in octal."""
    return point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")


def remove_below(root: Path) -> None:
    """Detach each; a busy mount disappears with its last user."""
    for point in below(root, MOUNTINFO.read_text("utf-8", errors="surrogateescape")):
        succeeds("umount", "--lazy", point)
