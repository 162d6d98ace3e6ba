"""Firewalls that a machine has already, as nft lists them."""

from typing import Any

import pytest

from chess_localcluster.preflight import firewalls
from chess_localcluster.preflight.check import Level, refusals


def chain(table: str, name: str, hook: str, policy: str, family: str = "inet") -> dict[str, Any]:
    entry = {"family": family, "table": table, "name": name, "type": "filter", "hook": hook}
    return {"chain": entry | {"prio": 0, "policy": policy}}


def rule(table: str, name: str, *expr: dict[str, Any], family: str = "inet") -> dict[str, Any]:
    return {"rule": {"family": family, "table": table, "chain": name, "expr": list(expr)}}


LETS_IN = {"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "lcbr0"}}
FROM_PODS = {"match": {"op": "==", "left": {}, "right": {"prefix": {"addr": "10.88.0.0", "len": 16}}}}
PORT = {"match": {"op": "==", "left": {}, "right": 22}}
COUNTER: dict[str, Any] = {"counter": {"packets": 1, "bytes": 2}}


@pytest.mark.parametrize(
    "ruleset, level",
    [
        pytest.param([], Level.OK, id="none"),
        pytest.param([chain("mine", "in", "input", "accept")], Level.OK, id="an open one"),
        pytest.param([chain("filter", "input", "input", "drop", "ip")], Level.WARNING, id="one with iptables' table"),
        pytest.param([chain("filter", "FORWARD", "forward", "drop", "ip")], Level.OK, id="ufw's, in iptables"),
        pytest.param([chain("localcluster-netpol", "in", "forward", "drop", "ip")], Level.OK, id="the cluster's own"),
        pytest.param([chain("filter", "output", "output", "drop")], Level.OK, id="of what this machine sends"),
        pytest.param([chain("filter", "forward", "forward", "drop", "ip6")], Level.OK, id="of IPv6"),
        pytest.param([chain("filter", "forward", "forward", "drop")], Level.WARNING, id="one that drops by policy"),
        pytest.param(
            [chain("filter", "input", "input", "drop"), rule("filter", "input", LETS_IN, {"accept": None})],
            Level.OK,
            id="one that names the bridge",
        ),
        pytest.param(
            [chain("filter", "input", "input", "drop"), rule("filter", "input", FROM_PODS, {"accept": None})],
            Level.OK,
            id="one that names the pods",
        ),
        pytest.param(
            [chain("firewalld", "filter_FORWARD", "forward", "accept"),
             rule("firewalld", "filter_FORWARD", PORT, {"accept": None}),
             rule("firewalld", "filter_FORWARD", COUNTER, {"reject": {"type": "icmpx"}})],
            Level.WARNING,
            id="firewalld's, which ends with a reject",
        ),
        pytest.param(
            [chain("mine", "input", "input", "accept"), rule("mine", "input", PORT, {"drop": None})],
            Level.OK,
            id="one that drops one port",
        ),
    ],
)  # fmt: skip
def test_a_firewall_warns_only_where_it_may_cut_pods_off(ruleset: firewalls.Ruleset, level: Level) -> None:
    (found,) = firewalls.judge(ruleset)
    assert found.level is level


def test_a_closed_firewall_is_named_with_the_rules_that_open_it() -> None:
    (found,) = firewalls.judge([chain("filter", "forward", "forward", "drop")])
    assert found.line == (
        "firewall: chain inet filter forward drops what none of its rules accepts, so pods may be cut off: "
        "let the bridge through: `nft insert rule inet filter forward iifname lcbr0 accept`; "
        "`nft insert rule inet filter forward oifname lcbr0 accept`"
    )


@pytest.mark.parametrize(
    "chains, programs, shown",
    [
        (["KUBE-FORWARD", "KUBE-MARK-MASQ", "KUBE-NODEPORTS", "KUBE-SEP-X"], [],
         "(chains KUBE-FORWARD, KUBE-MARK-MASQ, KUBE-NODEPORTS, … in iptables)"),
        ([], ["k3s-server (pid 7)"], "(k3s-server (pid 7))"),
    ],
)  # fmt: skip
def test_another_kubernetes_is_refused_by_name(chains: list[str], programs: list[str], shown: str) -> None:
    (found,) = refusals(firewalls.judge_kubernetes(chains, programs))
    assert shown in found.line
    assert "use that cluster (`make demo CONTEXT=…`)" in found.remedy


def test_without_another_kubernetes_nothing_is_refused() -> None:
    assert refusals(firewalls.judge_kubernetes([], [])) == []
