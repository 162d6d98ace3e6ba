"""The node's network in the kernel: bridge, masquerading, sysctls; and how all of it is removed.

A machine has one node: bridge and pod addresses are fixed, and `/run/localcluster-node` names the home that owns them.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.netpol.rules import TABLE as POLICY_TABLE
from chess_localcluster.paths import Home
from chess_localcluster.plan import BRIDGE, BRIDGE_ADDRESS, POD_CIDR

OWNER = Path("/run/localcluster-node")
TABLE = "localcluster"
BEFORE = "before.json"
KUBE_CHAIN = "KUBE-"
IPTABLES = ("iptables", "ip6tables")
TABLES = ("nat", "filter", "mangle")
FAMILIES = {"iptables": "ip", "ip6tables": "ip6"}
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
MASQUERADE = f"""
add table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip saddr {POD_CIDR} ip daddr != {POD_CIDR} oifname != "{BRIDGE}" masquerade
  }}
}}
"""


def claim(home: Home) -> None:
    """Make this home the owner of the machine's node; fail if another home is."""
    owner = _owner()
    if owner and owner != home.root and (owner / "cluster.json").exists():
        raise ClusterError(
            f"this machine's node belongs to the cluster at {owner}: `localcluster down --home {owner}` first"
        )
    OWNER.write_text(str(home.root))


def owned(home: Home) -> bool:
    """Return whether the machine's node is this home's."""
    return _owner() == home.root


def _owner() -> Path | None:
    try:
        return Path(OWNER.read_text().strip())
    except FileNotFoundError:
        return None


def ensure(home: Home) -> None:
    """Set up bridge, masquerading and sysctls; before the first time, record what was there."""
    before = home.root / BEFORE
    if not before.exists():
        before.write_text(json.dumps(asdict(Before(sysctls=_sysctls(), tables=_tables()))))
    if not bridge_exists():
        run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "address", "replace", f"{BRIDGE_ADDRESS}/{POD_CIDR.partition('/')[2]}", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")
    for name, value in SYSCTLS.items():
        Path("/proc/sys", name).write_text(value)
    run("nft", "-f", "-", stdin=MASQUERADE)


def remove(home: Home) -> None:
    """Undo what `ensure`, kube-proxy and the CNI plugins changed in the kernel."""
    before = _read_before(home)
    for table in (TABLE, POLICY_TABLE):
        succeeds("nft", "delete", "table", "ip", table)
    for program in IPTABLES:
        for table in TABLES:
            _without_kube(program, table, existed=f"{FAMILIES[program]} {table}" in before.tables)
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


def _tables() -> list[str]:
    """Return all nftables tables, as `family name`."""
    return [line.removeprefix("table ") for line in run("nft", "list", "tables").splitlines()]


def _without_kube(program: str, table: str, *, existed: bool) -> None:
    """Remove the chains of kube-proxy and kubelet, and the table itself if they brought it."""
    family = FAMILIES[program]
    if f"{family} {table}" not in _tables():
        return
    saved = run(f"{program}-save", "-t", table)
    kept = without_chains(saved.splitlines(), KUBE_CHAIN)
    if not existed and not any(line.startswith("-A") for line in kept):
        succeeds("nft", "delete", "table", family, table)
        return
    run(f"{program}-restore", "-T", table, stdin="\n".join(kept) + "\n")


def without_chains(saved: Iterable[str], prefix: str) -> list[str]:
    """Return iptables-save's text without the chains of that prefix and the rules in them or leading there."""
    return [
        line
        for line in saved
        if not (
            line.startswith((f":{prefix}", f"-A {prefix}"))
            or f"-j {prefix}" in line
            or f"-g {prefix}" in line
        )
    ]


def policies_enforced() -> bool:
    """Return whether the table of NetworkPolicies is in the kernel."""
    return succeeds("nft", "list", "table", "ip", POLICY_TABLE)


def bridge_exists() -> bool:
    """Return whether the node's bridge is there."""
    return Path("/sys/class/net", BRIDGE).exists()


def is_root() -> bool:
    """Return whether this process may change the kernel's network."""
    return os.geteuid() == 0
