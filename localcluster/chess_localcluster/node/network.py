"""The node's network in the kernel: bridge, masquerading, sysctls; and how all of it is removed.

A machine has one node: bridge and pod addresses are fixed, and `/run/localcluster-node` names the home that owns them.
"""

import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import files, modules
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.netpol.rules import TABLE as POLICY_TABLE
from chess_localcluster.node import firewall
from chess_localcluster.paths import Home
from chess_localcluster.plan import BRIDGE, BRIDGE_ADDRESS, POD_CIDR, Plan

OWNER = Path("/run/localcluster-node")
BEFORE = "before.json"
SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",  # else Services and policies miss traffic between pods of one bridge
}
CHANGED_BY_COMPONENTS = (
    "net/ipv4/conf/all/route_localnet",
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
)


def claim(home: Home) -> None:
    """Make this home the owner of the machine's node; fail if another home is.

    What a home recorded before the machine was restarted says nothing of the machine as it is now.
    """
    if (found := owner()) not in (None, home.root):
        raise ClusterError(
            f"this machine's node belongs to the cluster at {found}: `localcluster down --home {found}` first"
        )
    if not owned(home):
        (home.root / BEFORE).unlink(missing_ok=True)
    files.write(OWNER, str(home.root), 0o644)


def owned(home: Home) -> bool:
    """Return whether the machine's node is this home's; where no record tells, by its own and the bridge."""
    recorded = _recorded()
    return recorded == home.root or (recorded is None and has_had(home) and bridge_exists())


def has_had(home: Home) -> bool:
    """Return whether this home's cluster has had the machine's node, now or before the machine was restarted."""
    return (home.root / BEFORE).exists()


def owner() -> Path | None:
    """Return the home of the cluster that has the machine's node."""
    found = _recorded()
    return found if found and (found / "cluster.json").exists() else None


def _recorded() -> Path | None:
    try:
        return Path(OWNER.read_text().strip()).resolve()
    except FileNotFoundError:
        return None


def ensure(plan: Plan, home: Home) -> None:
    """Set up bridge, rules and sysctls; before the first time, record what was there."""
    modules.ensure_br_netfilter()
    before = home.root / BEFORE
    if not before.exists():
        files.write(before, json.dumps(asdict(Before(sysctls=_sysctls(), tables=firewall.tables()))), 0o644)
    if not bridge_exists():
        run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "address", "replace", f"{BRIDGE_ADDRESS}/{POD_CIDR.partition('/')[2]}", "dev", BRIDGE)
    firewall.ensure(plan)  # before the bridge is up: nobody comes by another way, not even for a moment
    run("ip", "link", "set", BRIDGE, "up")
    for name, value in SYSCTLS.items():
        Path("/proc/sys", name).write_text(value)


def remove(home: Home, *, with_kube_proxys: bool) -> None:
    """Undo what `ensure`, kube-proxy and the CNI plugins changed in the kernel; see `firewall.remove`."""
    before = _read_before(home)
    firewall.remove(before.tables, with_kube_proxys=with_kube_proxys)
    if bridge_exists():
        run("ip", "link", "delete", BRIDGE)
    for name, value in before.sysctls.items():
        Path("/proc/sys", name).write_text(value)
    OWNER.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The kernel as it was before the first `up`: sysctls by path, nftables tables as `family name`."""

    sysctls: dict[str, str]
    tables: list[str]


def _read_before(home: Home) -> Before:
    try:
        return Before(**json.loads((home.root / BEFORE).read_text()))
    except (OSError, ValueError, TypeError):
        return Before(sysctls={}, tables=[])


def _sysctls() -> dict[str, str]:
    paths = ((name, Path("/proc/sys", name)) for name in (*SYSCTLS, *CHANGED_BY_COMPONENTS))
    return {name: path.read_text().strip() for name, path in paths if path.exists()}


def policies_enforced() -> bool:
    """Return whether the table of NetworkPolicies is in the kernel."""
    return succeeds("nft", "list", "table", "ip", POLICY_TABLE)


def bridge_exists() -> bool:
    """Return whether the node's bridge is there."""
    return BRIDGE in (name for _, name in socket.if_nameindex())


def is_root() -> bool:
    """Return whether this process may change the kernel's network."""
    return os.geteuid() == 0
