"""Free TCP ports, and who holds one that is taken."""

import random
import socket
from itertools import islice
from pathlib import Path

from chess_localcluster.plan import LOOPBACK, PORT_NAMES, Ports

LISTEN = "0A"
# below the ranges of outgoing connections and NodePorts, so that a port is still free after a restart
RANGE = range(20000, 29999)


def free_ports(api: int | None = None) -> Ports:
    """Return ports that are free now; `api` fixes the API server's."""
    found = dict(zip(PORT_NAMES, free_loopback_ports(len(PORT_NAMES)), strict=True))
    return Ports(**(found | ({"api": api} if api else {})))


def free_loopback_ports(count: int) -> list[int]:
    """Return `count` different ports that are free now."""
    candidates = random.sample(RANGE, len(RANGE))
    return list(islice((port for port in candidates if is_free(LOOPBACK, port)), count))


def free_port() -> int:
    """Return one port that is free now."""
    return free_loopback_ports(1)[0]


def is_free(host: str, port: int) -> bool:
    """Return whether a process could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def holder(port: int) -> str:
    """Return the process that listens on `port`, as far as /proc shows it."""
    inodes = listening_inodes(Path("/proc/net/tcp").read_text(), port)
    for process in Path("/proc").glob("[0-9]*"):
        if _owns(process, inodes):
            return f"pid {process.name} ({(process / 'comm').read_text().strip()})"
    return "another process"


def listening_inodes(table: str, port: int) -> frozenset[str]:
    """Return the sockets that /proc/net/tcp's text shows listening on `port`."""
    rows = (line.split() for line in table.splitlines()[1:])
    return frozenset(
        row[9] for row in rows if row[3] == LISTEN and int(row[1].rpartition(":")[2], 16) == port
    )


def _owns(process: Path, inodes: frozenset[str]) -> bool:
    try:
        targets = {str(link.readlink()) for link in (process / "fd").iterdir()}
    except OSError:
        return False
    return any(f"socket:[{inode}]" in targets for inode in inodes)
