"""Kernel modules: loaded where they are not built in, or named in one line."""

import platform
import subprocess
from pathlib import Path

from chess_localcluster.errors import ClusterError

BR_NETFILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


def ensure_br_netfilter(proof: Path = BR_NETFILTER) -> None:
    """Load br_netfilter, without which Services and policies miss traffic between pods of one bridge."""
    if not proof.exists() and (reason := load("br_netfilter")):
        raise ClusterError(reason)
    if not proof.exists():
        raise ClusterError(
            f"br_netfilter is loaded, but {proof} is missing: this kernel has no support for iptables"
        )


def load(name: str) -> str | None:
    """Load a module; return None, or why not and what to do."""
    try:
        done = subprocess.run(["modprobe", name], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        reason = "modprobe is not installed"
    else:
        if done.returncode == 0:
            return None
        reason = (done.stderr.strip() or "modprobe shows no error").splitlines()[-1]
    return (
        f"kernel module {name} is neither built in nor loaded ({reason}): install the modules of kernel "
        f"{platform.release()}, then `modprobe {name}`"
    )
