"""Another Kubernetes on this machine: its node's programs, found by their names in this network.

Those in containers with a network of their own (kind, k3d, minikube) disturb nobody and are not meant.
"""

from pathlib import Path

from chess_localcluster.machine.proc import PROC, name_of

PROGRAMS = frozenset(
    {"kubelet", "kube-proxy", "kubelite", "k3s", "k3s-server", "k3s-agent", "k0s", "rke2", "hyperkube"}
)


def others(proc: Path = PROC, own: frozenset[int] = frozenset()) -> list[str]:
    """Return the node programs that run in this process's network, as `name (pid)`, without the pids in `own`."""
    network = (proc / "self/ns/net").readlink()
    return sorted(
        f"{name} (pid {process.name})"
        for process in proc.glob("[0-9]*")
        if int(process.name) not in own
        and (name := name_of(process)) in PROGRAMS
        and _network(process) == network
    )


def _network(process: Path) -> Path | None:
    try:
        return (process / "ns/net").readlink()
    except OSError:
        return None
