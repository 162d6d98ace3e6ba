"""Whether the kernel has what a node needs: tried out in a network of its own, which is gone at once.

Asking for a feature also loads the module that has it, as the node itself would; nothing else is changed.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from chess_localcluster.machine import modules
from chess_localcluster.node import cgroups, firewall
from chess_localcluster.plan import BRIDGE
from chess_localcluster.preflight.check import Check, ok, refused

FILESYSTEMS = Path("/proc/filesystems")
KUBE_PROXYS = """\
*nat
:KUBE-TRIAL - [0:0]
-A PREROUTING -m comment --comment "as kube-proxy" -j KUBE-TRIAL
-A KUBE-TRIAL -m addrtype --dst-type LOCAL -j RETURN
-A KUBE-TRIAL -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-TRIAL -m statistic --mode random --probability 0.5 -p tcp -j DNAT --to-destination 10.88.0.2:80
-A KUBE-TRIAL -j MARK --set-xmark 0x4000/0x4000
-A POSTROUTING -j MASQUERADE
COMMIT
*filter
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
"""
LINKS = f"link add {BRIDGE} type bridge\nlink add lctrial0 type veth peer name lctrial1\n"
TRIALS = (
    ("bridge and veth", ("ip", "-batch", "-"), LINKS),
    ("nftables", ("nft", "-f", "-"), firewall.NFTABLES),
    ("iptables", ("iptables-restore",), KUBE_PROXYS),
)


def look(root: Path = cgroups.ROOT) -> list[Check]:
    """Return what is missing in the kernel or in this process's rights."""
    found = [*_modules(), *_trials(), *_control_groups(root)]
    return found or [
        ok("kernel", "bridge, veth, overlay, br_netfilter, nftables, iptables and control groups are there")
    ]


def _modules() -> Iterator[Check]:
    overlay = None if "\toverlay\n" in FILESYSTEMS.read_text() else modules.load("overlay")
    for obstacle in (overlay, modules.br_netfilter()):
        if obstacle:
            yield refused("kernel", *obstacle)


def _trials() -> Iterator[Check]:
    """Try each in a network of its own; what is not installed yet is tried after its installation."""
    for what, command, stdin in TRIALS:
        if shutil.which(command[0]) is None:
            continue
        trial = ("unshare", "--net", "--", *command)
        done = subprocess.run(trial, input=stdin.encode(), capture_output=True, check=False)
        if done.returncode:
            reason = (done.stderr.decode(errors="replace").strip() or "no error shown").splitlines()[0]
            yield refused(
                "kernel",
                f"{what} cannot be used ({' '.join(command)}: {reason})",
                "install the modules of this kernel, or give this machine the rights that a node needs",
            )


def _control_groups(root: Path) -> Iterator[Check]:
    if reason := cgroups.obstacle(root):
        yield refused("control groups", *reason)
