"""Networks that a machine has already."""

from ipaddress import IPv4Network

import pytest

from chess_localcluster.preflight import networks
from chess_localcluster.preflight.check import Level
from chess_localcluster.preflight.networks import Route

TABLE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
podman0\t0000580A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


def test_the_kernel_s_table_is_read() -> None:
    assert networks.parse(TABLE) == [
        Route(network=IPv4Network("0.0.0.0/0"), interface="eth0"),
        Route(network=IPv4Network("10.88.0.0/16"), interface="podman0"),
    ]


@pytest.mark.parametrize(
    "network, interface, level",
    [
        pytest.param("10.88.0.0/16", "lcbr0", Level.OK, id="the cluster's own bridge"),
        pytest.param("192.168.1.0/24", "eth0", Level.OK, id="another network"),
        pytest.param("0.0.0.0/0", "eth0", Level.OK, id="the default route"),
        pytest.param("0.0.0.0/1", "tun0", Level.OK, id="a half of a default route by a tunnel"),
        pytest.param("10.88.0.0/16", "podman0", Level.REFUSED, id="Podman's bridge"),
        pytest.param("10.88.7.0/24", "tun0", Level.REFUSED, id="a part of the pods' network"),
        pytest.param("10.88.0.1/32", "eth1", Level.REFUSED, id="the bridge's very address"),
        pytest.param("10.0.0.0/8", "eth0", Level.WARNING, id="a company's whole network"),
        pytest.param("10.96.0.0/12", "eth0", Level.WARNING, id="a network around the Services'"),
        pytest.param("10.96.5.0/24", "tun0", Level.WARNING, id="a part of the Services' network"),
    ],
)
def test_only_what_takes_addresses_from_pods_refuses(network: str, interface: str, level: Level) -> None:
    (found,) = networks.judge([Route(network=IPv4Network(network), interface=interface)])
    assert found.level is level
    if level is not Level.OK:
        assert network in found.line
        assert interface in found.line
        assert found.remedy


def test_podman_s_bridge_is_named_with_what_to_do() -> None:
    (found,) = networks.judge(networks.parse(TABLE))
    assert found.line == (
        "networks: 10.88.0.0/16 on podman0 is in the pods' network 10.88.0.0/16: Podman's own bridge has these "
        "addresses too; stop its containers, then `ip link delete podman0`, or give Podman another default_subnet "
        "in containers.conf"
    )
