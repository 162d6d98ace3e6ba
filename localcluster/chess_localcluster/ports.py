"""Free TCP ports, and who holds one that is taken."""

import socket
from contextlib import ExitStack
from pathlib import Path

from chess_localcluster.plan import LOOPBACK, PORT_NAMES, Ports

LISTEN = "0A"


def free_ports(api: int | None = None) -> Ports:
    """Return ports that are free now; `api` fixes the API server's."""
    with ExitStack() as held:
        found = dict(zip(PORT_NAMES, (_hold(held) for _ in PORT_NAMES), strict=True))
    return Ports(**(found | ({"api": api} if api else {})))


def _hold(held: ExitStack) -> int:
    """Keep a port bound until all are chosen, so that no two are the same."""
    listener = held.enter_context(socket.socket())
    listener.bind((LOOPBACK, 0))
    return int(listener.getsockname()[1])


def is_free(host: str, port: int) -> bool:
    """Tell whether a listener could be opened there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def holder(port: int) -> str:
    """Name the process that listens on `port`, as far as /proc tells."""
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
