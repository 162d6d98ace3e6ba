"""Whether the machine's firewall cuts pods off, and whether another Kubernetes is here. Pure.

iptables' own chains are no obstacle: the node accepts its bridge's traffic in chains beside them (`node/firewall.py`).
In other tables a drop is final, and whether a rule before it lets pods through cannot be read off in general: warned.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from chess_localcluster.netpol.rules import TABLE as POLICY_TABLE
from chess_localcluster.node.firewall import TABLE
from chess_localcluster.plan import BRIDGE, POD_CIDR
from chess_localcluster.preflight.check import Check, ok, refused, warning

HOOKS = ("forward", "input")
IPTABLES = (("ip", "filter", "FORWARD"), ("ip", "filter", "INPUT"))
OWN = (TABLE, POLICY_TABLE)
FAMILIES = ("ip", "inet")
FINAL = ("drop", "reject")
NAMED = 3
Ruleset = list[dict[str, Any]]


def judge(ruleset: Ruleset) -> list[Check]:
    """Judge the list under `nftables` in the output of `nft --json list ruleset`."""
    found = [_warned(chain) for chain in _closed(ruleset)]
    return found or [ok("firewall", _about_iptables(ruleset))]


def _closed(ruleset: Ruleset) -> Iterator[dict[str, Any]]:
    """Return the base chains that drop what no rule before accepts, unless their table names the bridge or its pods."""
    rules = [entry["rule"] for entry in ruleset if "rule" in entry]
    for chain in (entry["chain"] for entry in ruleset if "chain" in entry):
        if chain.get("type") != "filter" or chain.get("hook") not in HOOKS or chain["family"] not in FAMILIES:
            continue
        if _is_of_iptables(chain) or chain["table"] in OWN:
            continue
        knows_us = any(_names_us(rule) for rule in rules if _table(rule) == _table(chain))
        if not knows_us and (chain.get("policy") == "drop" or _ends_closed(chain, rules)):
            yield chain


def _is_of_iptables(chain: dict[str, Any]) -> bool:
    return (chain["family"], chain["table"], chain["name"]) in IPTABLES


def _table(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["family"], entry["table"]


def _names_us(rule: dict[str, Any]) -> bool:
    text = str(rule.get("expr"))
    return BRIDGE in text or f"'addr': '{POD_CIDR.partition('/')[0]}'" in text


def _ends_closed(chain: dict[str, Any], rules: Iterable[dict[str, Any]]) -> bool:
    """Return whether the last rule drops everything, as firewalld's does."""
    own = [rule for rule in rules if _table(rule) == _table(chain) and rule["chain"] == chain["name"]]
    statements = [one for one in own[-1]["expr"] if "counter" not in one] if own else []
    return len(statements) == 1 and any(verdict in statements[0] for verdict in FINAL)


def _warned(chain: dict[str, Any]) -> Check:
    place = f"{chain['family']} {chain['table']} {chain['name']}"
    rules = [f"nft insert rule {place} iifname {BRIDGE} accept"]
    if chain["hook"] == "forward":
        rules.append(f"nft insert rule {place} oifname {BRIDGE} accept")
    return warning(
        "firewall",
        f"chain {place} drops what none of its rules accepts, so pods may be cut off",
        "let the bridge through: " + "; ".join(f"`{rule}`" for rule in rules),
    )


def _about_iptables(ruleset: Ruleset) -> str:
    closed = [
        entry["chain"]["name"]
        for entry in ruleset
        if "chain" in entry and _is_of_iptables(entry["chain"]) and entry["chain"].get("policy") == "drop"
    ]
    if closed:
        return f"iptables drops by policy ({', '.join(sorted(closed))}); chains of the node's own let pods through"
    return "nothing cuts pods off"


def judge_kubernetes(chains: list[str], programs: list[str]) -> list[Check]:
    """Judge kube-proxy's chains and node programs that are not this cluster's."""
    if not chains and not programs:
        return [ok("kubernetes", "no other has its node in this machine's network")]
    listed = ", ".join(chains[:NAMED]) + (", …" if len(chains) > NAMED else "")
    shown = ", ".join(programs) or f"chains {listed} in iptables"
    return [
        refused(
            "kubernetes",
            f"another one has its node here ({shown}), and each kube-proxy overwrites the other's chains",
            "use that cluster (`make demo CONTEXT=…`), or stop it and let it remove its chains "
            "(k3s-killall.sh, kubeadm reset; a reboot if it has gone)",
        )
    ]
