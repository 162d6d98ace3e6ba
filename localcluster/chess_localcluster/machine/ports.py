"""Free TCP ports, and who holds one that is taken."""

import os
import random
import socket
from itertools import islice
from pathlib import Path
from time import monotonic

from chess_localcluster.machine.proc import PROC, name_of
from chess_localcluster.plan import LOOPBACK, PORT_NAMES, Ports

TCP, UDP = "tcp", "udp"
LISTEN, UNCONNECTED = "0A", "07"
IP_FREEBIND = 15  # of <linux/in.h>; Python has no name for it
# below the ranges of outgoing connections and NodePorts, so that a port is still free after a restart
RANGE = range(20000, 29999)
RESERVED_SECONDS = 60.0
"""For how long nobody else is given a port: a process that was told it needs a moment until it listens."""

_reserved: list[tuple[float, int]] = []


def free_ports(api: int | None = None) -> Ports:
    """Return ports that are free now; `api` fixes the API server's."""
    found = dict(zip(PORT_NAMES, free_loopback_ports(len(PORT_NAMES)), strict=True))
    return Ports(**(found | ({"api": api} if api else {})))


def free_loopback_ports(count: int) -> list[int]:
    """Return `count` different ports that are free now, and that no process on this machine was given just before."""
    while _reserved and monotonic() - _reserved[0][0] > RESERVED_SECONDS:
        os.close(_reserved.pop(0)[1])
    candidates = random.sample(RANGE, len(RANGE))
    return list(islice((port for port in candidates if is_free(LOOPBACK, port) and _reserve(port)), count))


def free_port() -> int:
    """Return one port that is free now."""
    return free_loopback_ports(1)[0]


def _reserve(port: int) -> bool:
    """Take a name that one process of a network namespace can have; False if another has it."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f"\0chesscluster-port-{port}")  # abstract: no file, and gone with the process
    except OSError:
        name.close()
        return False
    _reserved.append((monotonic(), name.detach()))  # closed when this process ends, at the latest
    return True


def is_free(host: str, port: int, protocol: str = TCP) -> bool:
    """Return whether a process could listen there, also at an address that the machine does not have yet."""
    kind = socket.SOCK_STREAM if protocol == TCP else socket.SOCK_DGRAM
    with socket.socket(type=kind) as probe:
        probe.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
        if protocol == TCP:  # connections that have ended do not count; for UDP it would share the port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def holder(port: int, protocol: str = TCP) -> str:
    """Return the process that listens on `port`, as far as /proc shows it."""
    tables = (Path("/proc/net", f"{protocol}{version}") for version in ("", "6"))
    inodes = frozenset(
        inode
        for table in tables
        if table.exists()
        for inode in listening_inodes(table.read_text(), port, UNCONNECTED if protocol == UDP else LISTEN)
    )
    for process in PROC.glob("[0-9]*"):
        if _owns(process, inodes):
            return f"pid {process.name} ({name_of(process)})"
    return "another process"


def listening_inodes(table: str, port: int, state: str = LISTEN) -> frozenset[str]:
    """Return the sockets that the text of /proc/net/tcp, or that of udp, shows in that state on `port`."""
    rows = (line.split() for line in table.splitlines()[1:])
    return frozenset(row[9] for row in rows if row[3] == state and int(row[1].rpartition(":")[2], 16) == port)


def _owns(process: Path, inodes: frozenset[str]) -> bool:
    try:
        links = list((process / "fd").iterdir())
    except OSError:
        return False
    return any(_target(link) in {f"socket:[{inode}]" for inode in inodes} for link in links)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # closed meanwhile
        return ""
