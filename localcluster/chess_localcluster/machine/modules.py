"""Kernel modules: loaded where they are not built in, or named in one line."""

import platform
import subprocess
from pathlib import Path

from chess_localcluster.errors import ClusterError

BR_NETFILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


def ensure_br_netfilter() -> None:
    """Load br_netfilter, without which Services and policies miss traffic between pods of one bridge."""
    if obstacle := br_netfilter():
        raise ClusterError(": ".join(obstacle))


def br_netfilter(proof: Path = BR_NETFILTER) -> tuple[str, str] | None:
    """Load br_netfilter if it is missing; return what keeps it away, and what to do, or None."""
    if proof.exists():
        return None
    obstacle = load("br_netfilter")
    if obstacle is None and not proof.exists():
        return (
            f"br_netfilter is loaded, but {proof} is missing",
            "take a kernel with support for iptables on bridges",
        )
    return obstacle


def load(name: str) -> tuple[str, str] | None:
    """Load a module; return why it cannot be loaded, and what to do, or None."""
    try:
        done = subprocess.run(["modprobe", name], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        reason = "modprobe is not installed"
    else:
        if done.returncode == 0:
            return None
        reason = (done.stderr.strip() or "modprobe shows no error").splitlines()[-1]
    text = f"kernel module {name} is neither built in nor loaded ({reason})"
    return text, f"install the modules of kernel {platform.release()}, then `modprobe {name}`"
