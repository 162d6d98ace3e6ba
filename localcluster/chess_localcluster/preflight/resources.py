"""Whether the machine is large enough and of a kind that is known. Pure."""

from dataclasses import dataclass
from pathlib import Path

from chess_localcluster.preflight.check import Check, ok, refused, warning

MEMORY_BYTES = 2 << 30  # control plane, node and stores took 1.3 GB
TRIED = ("debian", 12)
SOCKET_LIMIT = 107  # of a Unix socket's address, without the final zero byte
LONGEST_SOCKET = "run/containerd.sock.ttrpc"
STRANGE = " \t\n:,\"'\\{}#"


def memory(meminfo: str) -> Check:
    """Judge /proc/meminfo."""
    rows = dict(line.split(":", 1) for line in meminfo.splitlines() if ":" in line)
    free = int(rows["MemAvailable"].split()[0]) * 1024
    if free < MEMORY_BYTES:
        return warning(
            "memory", f"{free / 1e9:.1f} GB are available", "2 GB and more are advised; pods come on top"
        )
    return ok("memory", f"{free / 1e9:.1f} GB are available")


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A directory, how much is free there, and how much is needed for what."""

    path: Path
    free: int
    needed: int
    purpose: str


def disk(room: Disk) -> Check:
    """Judge the free space of a directory."""
    if room.free < room.needed:
        return refused(
            "disk",
            f"too little disk: {room.purpose} takes {room.needed / 1e9:.1f} GB under {room.path}, "
            f"{room.free / 1e9:.1f} GB are free",
            "make room, or choose another place (--home, $XDG_CACHE_HOME)",
        )
    return ok("disk", f"{room.free / 1e9:.1f} GB are free under {room.path} for {room.purpose}")


def distribution(os_release: str, missing: list[str], *, has_apt: bool) -> Check:
    """Judge /etc/os-release and which Debian packages are missing."""
    fields = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    name = fields.get("PRETTY_NAME", "an unknown distribution").strip("\"'")
    family, version = fields.get("ID", "").strip("\"'"), fields.get("VERSION_ID", "").strip("\"'")
    if missing and not has_apt:
        return refused(
            "distribution",
            f"{name} has no apt-get to install what is missing",
            f"install the programs of Debian's packages {' '.join(missing)}",
        )
    if family != TRIED[0] or not version.isdigit() or int(version) < TRIED[1]:
        return warning("distribution", f"{name}", "Debian 12 is what it was tried on")
    return ok("distribution", f"{name}" + (f"; to be installed: {' '.join(missing)}" if missing else ""))


def paths(home: Path, cache: Path) -> Check:
    """Judge the names of directories that a node's programs have in their configuration."""
    for what, path, option in (("home", home, "--home"), ("cache", cache, "$XDG_CACHE_HOME")):
        strange = sorted(set(str(path)) & set(STRANGE))
        if strange:
            shown = "a space" if strange[0] == " " else repr(strange[0])
            return refused(
                "paths",
                f"the {what} {str(path)!r} has {shown} in its name, which CoreDNS and containerd do not take",
                f"choose another with {option}",
            )
    length = len(str(home / LONGEST_SOCKET))
    if length > SOCKET_LIMIT:
        most = SOCKET_LIMIT - len(LONGEST_SOCKET) - 1
        text = f"the home {home} is too long for the sockets in it (at most {most} characters)"
        return refused("paths", text, "choose a shorter one with --home")
    return ok("paths", f"home {home}, cache {cache}")


def cache_owner(cache: Path, owner: int | None, me: int) -> list[Check]:
    """Warn if root would run programs that another user can change: sudo may keep HOME."""
    if me == 0 and owner not in (None, 0):
        text = f"{cache} belongs to user {owner}, who can change the programs that root runs from it"
        return [warning("cache", text, "`sudo -H`, or another $XDG_CACHE_HOME")]
    return []
