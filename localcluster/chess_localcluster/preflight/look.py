"""Looks at the machine and has everything judged: for `up`, before it changes anything, and for `preflight`."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from chess_localcluster import homes
from chess_localcluster.build import binaries, packages
from chess_localcluster.controlplane.objects import STORE_PORTS
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import kubernetes, ports
from chess_localcluster.node import firewall, network
from chess_localcluster.node.config import DNS_PORT
from chess_localcluster.paths import Cache, Home
from chess_localcluster.plan import BRIDGE_ADDRESS, KUBELET_PORT, Plan
from chess_localcluster.preflight import firewalls, kernel, networks, resources
from chess_localcluster.preflight.check import Check, Level, ok, refusals, refused
from chess_localcluster.progress import Progress

CLUSTER_BYTES = 1 << 30
NODE_PORTS = (
    ("coredns", DNS_PORT, ports.TCP),
    ("coredns", DNS_PORT, ports.UDP),
    *((name, port, ports.TCP) for name, port in STORE_PORTS.items()),
    ("kubelet", KUBELET_PORT, ports.TCP),
)
CONTROL_PLANE_PORTS = {"kube-apiserver": "api", "etcd": "etcd"}


def require(home: Home, cache: Cache, nodes: int, progress: Progress) -> None:
    """Refuse with every reason, one a line; show what may be wrong."""
    found = list(look(home, cache, nodes))
    for warned in (one for one in found if one.level is Level.WARNING):
        progress.line(f"!!  {warned.line}")
    if reasons := [one.line for one in refusals(found)]:
        more = "\n".join(f"  {line}" for line in reasons)
        text = f"up: {reasons[0]}" if len(reasons) == 1 else f"up: this machine is not ready:\n{more}"
        raise ClusterError(text)


def look(home: Home, cache: Cache, nodes: int, *, runs: bool = False) -> Iterator[Check]:
    """Yield what there is to say about this machine; the ports of a cluster that `runs` are taken by itself."""
    if nodes and (owner := network.owner()) not in (None, home.root):
        text = f"this machine's node belongs to the cluster at {owner}"
        yield refused("node", text, f"`localcluster down --home {owner}` first")
        return
    yield from _disks(home, cache)
    yield resources.memory(Path("/proc/meminfo").read_text())
    if not runs:
        yield from _ports(home, nodes)
    if nodes:
        yield from _of_a_node(home, cache)


def _of_a_node(home: Home, cache: Cache) -> Iterator[Check]:
    yield resources.paths(home.root, cache.root)
    yield from resources.cache_owner(cache.root, _owner_of(cache.root), os.geteuid())
    yield _distribution()
    if not network.is_root():
        yield refused(
            "rights", "a node needs root (bridge, mounts, control groups)", "run it as root, or --nodes 0"
        )
        return
    yield from networks.judge(networks.parse(Path("/proc/net/route").read_text()))
    yield from kernel.look()
    if not shutil.which("nft") or not shutil.which("iptables"):
        return  # installed next, and then looked at again
    yield from firewalls.judge(_ruleset())
    yield from firewalls.judge_kubernetes(_others_chains(home), _others_programs(home))


def _owner_of(path: Path) -> int | None:
    return path.stat().st_uid if path.exists() else None


def _disks(home: Home, cache: Cache) -> Iterator[Check]:
    wanted = [(home.root, CLUSTER_BYTES, "a cluster")]
    if not (cache.bin / binaries.KUBE.name).exists():
        wanted.append((cache.root, binaries.NEEDED_BYTES, f"building {binaries.KUBE.name}"))
    for path, needed, purpose in wanted:
        there = next(place for place in (path, *path.parents) if place.exists())
        free = shutil.disk_usage(there).free
        yield resources.disk(resources.Disk(path=path, free=free, needed=needed, purpose=purpose))


def _distribution() -> Check:
    release = Path("/etc/os-release")
    missing = [package.name for package in packages.missing()]
    text = release.read_text("utf-8", errors="replace") if release.exists() else ""
    return resources.distribution(text, missing, has_apt=shutil.which("apt-get") is not None)


def _ports(home: Home, nodes: int) -> Iterator[Check]:
    """Look at every port that is fixed before `up`: those of a plan that exists, and the node's."""
    wanted = [(name, BRIDGE_ADDRESS, port, protocol) for name, port, protocol in NODE_PORTS if nodes]
    if home.plan.exists():
        plan = Plan.from_json(home.plan.read_text())
        of = {name: getattr(plan.ports, field) for name, field in CONTROL_PLANE_PORTS.items()}
        hosts = {"kube-apiserver": plan.api_host, "etcd": "127.0.0.1"}
        wanted += [(name, hosts[name], port, ports.TCP) for name, port in of.items()]
    taken = [one for one in wanted if not ports.is_free(*one[1:])]
    for name, host, port, protocol in taken:
        text = f"port {host}:{port}/{protocol} ({name}) is taken by {ports.holder(port, protocol)}"
        yield refused("ports", text, "free it, or let its holder listen on other addresses only")
    if wanted and not taken:
        yield ok(
            "ports", "free: " + ", ".join(f"{name} {port}/{protocol}" for name, _, port, protocol in wanted)
        )


def _ruleset() -> firewalls.Ruleset:
    listed = subprocess.run(["nft", "--json", "list", "ruleset"], capture_output=True, check=False)
    if listed.returncode:
        return []  # the kernel's part has said why
    ruleset: firewalls.Ruleset = json.loads(listed.stdout.decode(errors="replace"))["nftables"]
    return ruleset


def _others_chains(home: Home) -> list[str]:
    """Return kube-proxy's chains, unless a cluster of this program has left them: then its own table is there, too."""
    ours = network.owned(home) or f"ip {firewall.TABLE}" in firewall.tables()
    return [] if ours else firewall.kube_chains()


def _others_programs(home: Home) -> list[str]:
    own = frozenset(process.pid for process in homes.registry(home).marked())
    return kubernetes.others(own=own)
