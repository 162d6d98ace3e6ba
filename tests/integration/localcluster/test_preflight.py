"""`up` on hosts where something stands in the way: refused by name before anything is changed, and nothing else is."""

import os

import pytest
from lone_host import run

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(os.geteuid() != 0, reason="a host of its own takes root"),
]

PODMAN = (
    "sh('ip link add podman0 type bridge; ip address add 10.88.0.1/16 dev podman0; ip link set podman0 up')"
)
VPN = "sh('ip link add tun0 type bridge; ip address add 10.88.4.9/24 dev tun0; ip link set tun0 up')"
K3S = "sh('iptables -t nat -N KUBE-SERVICES; iptables -t nat -A PREROUTING -j KUBE-SERVICES')"
KUBELET = """\
sh('cp $(command -v sleep) /run/kubelet')
servers.append(subprocess.Popen(['/run/kubelet', '60']))"""
REDIS = "listen('', '0.0.0.0', 6379)"
DNSMASQ = "dns = socket.socket(type=socket.SOCK_DGRAM); dns.bind(('0.0.0.0', 53))"
COMPANY = "sh('ip link add wan0 type bridge; ip address add 10.1.2.3/8 dev wan0; ip link set wan0 up')"
UFW = "sh('iptables -P FORWARD DROP; iptables -P INPUT DROP; iptables -A INPUT -i lo -j ACCEPT')"
FIREWALL = "sh(\"nft add table inet f; nft add chain inet f in '{ type filter hook input priority 0; policy drop; }'\")"
RESOLVED = "dns = socket.socket(type=socket.SOCK_DGRAM); dns.bind(('127.0.0.53', 53))"
DOCKER = "sh('ip link add docker0 type bridge; ip address add 172.17.0.1/16 dev docker0; iptables -P FORWARD DROP')"


def test_an_empty_host_is_ready() -> None:
    assert run("print(checks(Level.REFUSED), checks(Level.WARNING))") == "[] []\n"


@pytest.mark.parametrize("there", [UFW, RESOLVED, DOCKER], ids=["ufw", "systemd-resolved", "Docker"])
def test_what_can_live_beside_a_node_is_not_refused(there: str) -> None:
    assert run(f"{there}\nprint(checks(Level.REFUSED), checks(Level.WARNING))") == "[] []\n"


@pytest.mark.parametrize("there", [COMPANY, FIREWALL], ids=["a wider network", "a firewall in nftables"])
def test_what_may_disturb_only_warns(there: str) -> None:
    printed = run(f"{there}\nprint(checks(Level.REFUSED), len(checks(Level.WARNING)))")
    assert printed == "[] 1\n"


@pytest.mark.parametrize(
    "there, line",
    [
        (
            PODMAN,
            "networks: 10.88.0.0/16 on podman0 is in the pods' network 10.88.0.0/16: Podman's own bridge",
        ),
        (
            VPN,
            "networks: 10.88.4.0/24 on tun0 is in the pods' network 10.88.0.0/16: take tun0 down, or give it",
        ),
        (
            K3S,
            "kubernetes: another one has its node here (chains KUBE-SERVICES in iptables), and each kube-proxy",
        ),
        (KUBELET, "kubernetes: another one has its node here (kubelet (pid "),
        (REDIS, "ports: port 10.88.0.1:6379/tcp (redis) is taken by pid "),
        (DNSMASQ, "ports: port 10.88.0.1:53/udp (coredns) is taken by pid "),
    ],
    ids=["podman", "vpn", "k3s", "kubelet", "redis", "dnsmasq"],
)
def test_up_refuses_by_name_what_stands_in_the_way_and_changes_nothing(there: str, line: str) -> None:
    printed = run(
        f"""
{there}
rules = "ip -brief address; iptables-save | grep -v '^#' | sed 's/ \\\\[.*//'; nft list tables"
before = sh(rules)
try:
    cluster.up(HOME.root)
except ClusterError as error:
    print(error)
assert sh(rules) == before, sh(rules)
assert not HOME.root.exists() and not network.OWNER.exists()
"""
    )
    assert printed.startswith(f"up: {line}")
    assert printed.count("\n") == 1


def test_several_obstacles_are_a_line_each() -> None:
    printed = run(
        f"""
{PODMAN}; {REDIS}
try:
    cluster.up(HOME.root)
except ClusterError as error:
    print(error)
"""
    ).splitlines()
    assert printed[0] == "up: this machine is not ready:"
    assert [line.split(":")[0] for line in printed[1:]] == ["  ports", "  networks"]


def test_chains_that_a_cluster_of_this_program_left_are_no_obstacle() -> None:
    assert run(f"node()\n{K3S}\nprint(checks(Level.REFUSED))") == "[]\n"


def test_a_missing_br_netfilter_is_refused_with_what_to_do() -> None:
    printed = run(
        "sh('mount -t tmpfs tmpfs /proc/sys/net/bridge'); without_modules()\nprint(*checks(Level.REFUSED), sep='\\n')"
    )
    assert printed.startswith("kernel: kernel module br_netfilter is neither built in nor loaded (")
    assert printed.rstrip().endswith(", then `modprobe br_netfilter`")
