"""The node's rules in the kernel: tables and chains of its own, beside whatever firewall the machine has.

A neighbour on the machine's network reaches nothing of the cluster, and a firewall that drops by policy does not cut
pods off. Nobody else's rule is changed: each chain here has a name of this program's or of kube-proxy's.
"""

import shlex
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from chess_localcluster.controlplane.objects import STORE_PORTS
from chess_localcluster.machine.commands import run, succeeds
from chess_localcluster.netpol.rules import TABLE as POLICY_TABLE
from chess_localcluster.node.config import DNS_PORT
from chess_localcluster.plan import BRIDGE, BRIDGE_ADDRESS, KUBELET_PORT, POD_CIDR, Plan

TABLE = "localcluster"
KUBE_CHAINS = "KUBE-"
OWN_CHAINS = "LOCALCLUSTER-"
ENTRIES = ("FORWARD", "INPUT")
IPTABLES = ("iptables", "ip6tables")
TABLES = ("nat", "filter", "mangle")
FAMILIES = {"iptables": "ip", "ip6tables": "ip6"}
LEGACY_NAMES = {
    "iptables": Path("/proc/net/ip_tables_names"),
    "ip6tables": Path("/proc/net/ip6_tables_names"),
}

NFTABLES = f"""
add table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip saddr {POD_CIDR} ip daddr != {POD_CIDR} oifname != "{BRIDGE}" masquerade
  }}
  chain from-elsewhere {{
    ct state established,related accept
    iifname "{BRIDGE}" accept
    iifname "lo" accept
    ip daddr {POD_CIDR} drop
  }}
  chain forward {{
    type filter hook forward priority filter - 10;
    jump from-elsewhere
  }}
  chain input {{
    type filter hook input priority filter - 10;
    jump from-elsewhere
  }}
  chain loopback {{
    type filter hook prerouting priority raw;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }}
}}
"""
"""Pods leave by the machine's address; to them and to the bridge's address come only the bridge and the machine itself.

kube-proxy lets the kernel route 127.0.0.0/8, hence the last chain. A drop is final, whatever other tables accept.
"""


def ensure(plan: Plan) -> None:
    """Set up the own tables and chains."""
    run("nft", "-f", "-", stdin=NFTABLES)
    run("iptables-restore", "--noflush", stdin=accepting(plan))
    for entry in ENTRIES:
        jump = (entry, "-j", f"{OWN_CHAINS}{entry}")
        if not succeeds("iptables", "-C", *jump):
            run("iptables", "-I", *jump)


def accepting(plan: Plan) -> str:
    """Return chains that accept what pods need, for a machine whose FORWARD or INPUT drops the rest (ufw, Docker)."""
    tcp = (DNS_PORT, *STORE_PORTS.values(), KUBELET_PORT, plan.ports.api)
    served = [("tcp", port) for port in tcp] + [("udp", DNS_PORT)]
    replies = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
    forward, entry = (f"{OWN_CHAINS}{name}" for name in ENTRIES)
    lines = [
        "*filter",
        f":{forward} - [0:0]",
        f":{entry} - [0:0]",
        f"-A {forward} -s {POD_CIDR} -i {BRIDGE} -j ACCEPT",
        f"-A {forward} -d {POD_CIDR} -o {BRIDGE} {replies}",
        f"-A {entry} -i {BRIDGE} {replies}",
        *(
            f"-A {entry} -s {POD_CIDR} -d {BRIDGE_ADDRESS} -i {BRIDGE} -p {protocol} --dport {port} -j ACCEPT"
            for protocol, port in served
        ),
        "COMMIT",
    ]
    return "\n".join(lines) + "\n"


def remove(existed: Iterable[str], *, with_kube_proxys: bool) -> None:
    """Remove the own tables and chains; kube-proxy's and kubelet's too unless another Kubernetes uses them.

    `existed`: the tables that were there before, as `family name`; those that came since go if nothing is left in them.
    """
    prefixes = (OWN_CHAINS, KUBE_CHAINS) if with_kube_proxys else (OWN_CHAINS,)
    for table in (TABLE, POLICY_TABLE):
        succeeds("nft", "delete", "table", "ip", table)
    before = set(existed)
    for program in IPTABLES:
        for table in _present(program):
            saved = run(f"{program}-save", "-t", table).splitlines()
            if removal := removing(saved, prefixes):
                run(f"{program}-restore", "--noflush", stdin=removal)
            if f"{FAMILIES[program]} {table}" not in before:
                _delete_if_empty(program, table)


def _present(program: str) -> list[str]:
    """Return the tables that there are: to look into one that is not there would make it."""
    if is_legacy(program):
        try:
            return [name for name in LEGACY_NAMES[program].read_text().split() if name in TABLES]
        except OSError:
            return []
    found = tables()
    return [table for table in TABLES if f"{FAMILIES[program]} {table}" in found]


def is_legacy(program: str) -> bool:
    """Return whether the program keeps its rules apart from nftables."""
    return "legacy" in run(program, "--version")


def _delete_if_empty(program: str, table: str) -> None:
    if not is_legacy(program) and is_empty(run(f"{program}-save", "-t", table).splitlines()):
        succeeds("nft", "delete", "table", FAMILIES[program], table)


def removing(saved: Iterable[str], prefixes: tuple[str, ...]) -> str:
    """Return what `iptables-restore --noflush` needs to remove the chains of these prefixes, or nothing.

    `saved` is a table as `iptables-save` prints it. Others' rules are not written again: they may change meanwhile.
    """
    lines = list(saved)
    table = next((line for line in lines if line.startswith("*")), "")
    chains = [name for name in _chains(lines) if name.startswith(prefixes)]
    jumps = [
        f"-D {line.removeprefix('-A ')}"
        for line in lines
        if line.startswith("-A ") and not line[3:].startswith(prefixes) and _target(line).startswith(prefixes)
    ]
    if not chains:
        return ""
    emptied, removed = ([f"-{flag} {name}" for name in chains] for flag in "FX")
    return "\n".join([table, *jumps, *emptied, *removed, "COMMIT"]) + "\n"


def _chains(saved: Iterable[str]) -> Iterator[str]:
    return (line[1:].split()[0] for line in saved if line.startswith(":"))


def _target(rule: str) -> str:
    words = shlex.split(rule)
    return next((word for flag, word in pairwise(words) if flag in ("-j", "-g")), "")


def is_empty(saved: Iterable[str]) -> bool:
    """Return whether a table holds neither a rule nor a chain of its own nor a policy: kube-proxy may have made it."""
    lines = list(saved)
    chains = (line.split() for line in lines if line.startswith(":"))
    return all(policy == "ACCEPT" for _, policy, *_ in chains) and not any(
        line.startswith("-A") for line in lines
    )


def kube_chains() -> list[str]:
    """Return kube-proxy's and kubelet's chains in this machine's tables, whoever's they are."""
    return sorted(
        {
            name
            for program in IPTABLES
            for table in _present(program)
            for name in _chains(run(f"{program}-save", "-t", table).splitlines())
            if name.startswith(KUBE_CHAINS)
        }
    )


def tables() -> list[str]:
    """Return all nftables tables, as `family name`."""
    return [line.removeprefix("table ") for line in run("nft", "list", "tables").splitlines()]
