"""Verdicts as one nftables table, replaced whole, so that the kernel never sees half a change."""

from collections.abc import Iterable, Iterator

from chess_localcluster.netpol.verdicts import Allowed, Verdicts
from chess_localcluster.plan import BRIDGE

TABLE = "localcluster-netpol"
# before the filter tables of kube-proxy and of the machine: a drop anywhere is final, an accept is not
PRIORITY = -5


def table(ingress: Verdicts, egress: Verdicts) -> str:
    """Return the text for `nft -f -`. Names with digits alone would be priorities, hence the prefixes."""
    into = {ip: f"in-{ip.replace('.', '-')}" for ip in sorted(ingress)}
    out = {ip: f"out-{ip.replace('.', '-')}" for ip in sorted(egress)}
    chains = [
        *(_chain(name, ingress[ip], "saddr") for ip, name in into.items()),
        *(_chain(name, egress[ip], "daddr") for ip, name in out.items()),
        _entry("forward", [*_jump("saddr", out), *_jump("daddr", into)]),
        # what pods send to the node itself: DNS and the stores, after kube-proxy has turned Services into addresses
        _entry("input", [*_jump("saddr", out)]),
    ]
    body = "\n".join(chains)
    return f"add table ip {TABLE}\ndelete table ip {TABLE}\ntable ip {TABLE} {{\n{body}\n}}\n"


def _entry(hook: str, jumps: Iterable[str]) -> str:
    lines = [
        f"type filter hook {hook} priority {PRIORITY}; policy accept;",
        "ct state established,related accept",
        *([f'iifname != "{BRIDGE}" accept'] if hook == "input" else []),
        *jumps,
    ]
    return _block(hook, lines)


def _jump(side: str, chains: dict[str, str]) -> Iterator[str]:
    if chains:
        pairs = ", ".join(f"{ip} : jump {name}" for ip, name in chains.items())
        yield f"ip {side} vmap {{ {pairs} }}"


def _chain(name: str, allowed: Iterable[Allowed], side: str) -> str:
    lines = [f"{condition}return" for found in allowed for condition in _conditions(found, side)]
    return _block(name, [*lines, "drop"])


def _conditions(allowed: Allowed, side: str) -> Iterator[str]:
    """Return one condition per port: nftables' sets refuse ranges that overlap, and policies may have such."""
    where = ""
    if allowed.addresses is not None:
        where = f"ip {side} {{ {', '.join(allowed.addresses)} }} "
    where += "".join(f"ip {side} != {cidr} " for cidr in allowed.excluded)
    if not allowed.ports:
        yield where
    for protocol, number in allowed.ports:
        yield f"{where}{protocol} dport {number} "


def _block(name: str, lines: Iterable[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines)
    return f"  chain {name} {{\n{body}\n  }}"
