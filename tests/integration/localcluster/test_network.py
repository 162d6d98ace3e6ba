"""The node's network on hosts that are not empty, each made of namespaces: neighbours, firewalls, others' chains."""

import os

import pytest
from lone_host import run

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own takes root"),
]

PODS = """
node()
pod("white", "10.88.0.2"), pod("black", "10.88.0.3")
listen("black", "10.88.0.3", 7000), listen("", "10.88.0.1", 6379)
"""


def test_pods_reach_each_other_and_the_bridge_and_a_neighbour_reaches_nothing() -> None:
    run(
        f"""{PODS}
neighbour("lan", "192.168.9.1/24", "192.168.9.2/24")
listen("", "192.168.9.1", 7001), listen("lan", "192.168.9.2", 7002)
assert reaches("white", "10.88.0.3", 7000) and reaches("white", "10.88.0.1", 6379)
assert reaches("", "10.88.0.3", 7000) and reaches("", "10.88.0.1", 6379)
assert reaches("lan", "192.168.9.1", 7001), "the way to this host is open"
assert reaches("white", "192.168.9.2", 7002), "pods go out, and replies come back"
assert not reaches("lan", "10.88.0.3", 7000)
assert not reaches("lan", "10.88.0.1", 6379)
sh("nft delete table ip localcluster")
assert reaches("lan", "10.88.0.3", 7000) and reaches("lan", "10.88.0.1", 6379), "only the rules keep it out"
"""
    )


@pytest.mark.parametrize("chain", ["FORWARD", "INPUT"])
@pytest.mark.parametrize("bridged", ["10.88.0.3", "10.88.0.1"])
def test_a_firewall_that_drops_by_policy_does_not_cut_pods_off(chain: str, bridged: str) -> None:
    run(
        f"""
sh("iptables -P {chain} DROP; iptables -A INPUT -i lo -j ACCEPT")
neighbour("lan", "192.168.9.1/24", "192.168.9.2/24"), listen("lan", "192.168.9.2", 7002)
{PODS}
assert reaches("white", "{bridged}", {7000 if bridged.endswith("3") else 6379})
assert reaches("white", "192.168.9.2", 7002), "pods go out"
assert reaches("", "10.88.0.3", 7000), "probes come in"
listen("", "10.88.0.1", 22)
assert reaches("white", "10.88.0.1", 22) is ("{chain}" == "FORWARD"), "the firewall stays closed for the rest"
"""
    )


def test_down_leaves_the_rules_of_others_as_they_are() -> None:
    run(
        """
sh("iptables -t nat -N DOCKER; iptables -t nat -A PREROUTING -j DOCKER; iptables -P FORWARD DROP")
sh("nft add table inet mine; nft add chain inet mine input '{ type filter hook input priority 0; }'")
rules = "iptables-save | grep -v '^#' | sed 's/ \\[.*//'; nft list table inet mine"
before = sh(rules)
node()
sh("iptables -t nat -N KUBE-SERVICES")
sh("iptables -t nat -A PREROUTING -m comment --comment 'to services' -j KUBE-SERVICES")
sh("iptables -t nat -A KUBE-SERVICES -j RETURN; iptables -t mangle -N KUBE-KUBELET-CANARY")
sh("iptables -t nat -A DOCKER -p tcp --dport 80 -j RETURN; iptables -t nat -D DOCKER 1")
network.remove(HOME, with_kube_proxys=True)
assert sh(rules) == before, sh(rules)
assert "localcluster" not in sh("nft list tables") and "mangle" not in sh("nft list tables")
assert "lcbr0" not in sh("ip link")
"""
    )


def test_down_leaves_the_chains_of_another_kubernetes() -> None:
    run(
        """
node()
sh("iptables -t nat -N KUBE-SERVICES; iptables -t nat -A PREROUTING -j KUBE-SERVICES")
network.remove(HOME, with_kube_proxys=False)
saved = sh("iptables-save")
assert "-A PREROUTING -j KUBE-SERVICES" in saved
assert "LOCALCLUSTER" not in saved
"""
    )


def test_a_second_up_adds_nothing() -> None:
    run(
        """
node()
rules = "iptables-save | grep -v '^#'; nft list table ip localcluster"
once = sh(rules)
node()
assert sh(rules) == once
assert once.count("-A FORWARD -j LOCALCLUSTER-FORWARD") == 1
"""
    )


def test_a_missing_br_netfilter_is_named_with_what_to_do() -> None:
    printed = run(
        """
sh("mount -t tmpfs tmpfs /proc/sys/net/bridge")
without_modules()
try:
    node()
except ClusterError as error:
    print(error)
assert "lcbr0" not in sh("ip link")
"""
    )
    assert printed.startswith("kernel module br_netfilter is neither built in nor loaded (")
    assert printed.rstrip().endswith(", then `modprobe br_netfilter`")
