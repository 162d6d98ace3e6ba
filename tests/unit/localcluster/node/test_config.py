"""The node's configuration files."""

import sys
from pathlib import Path

import pytest
from local_plan import HOME, make_plan

from chess_localcluster.node import config
from chess_localcluster.paths import Cache


@pytest.mark.parametrize("resolvers, expected", [(("9.9.9.9",), "forward . 9.9.9.9"), ((), "rcode NXDOMAIN")])
def test_dns_asks_the_machine_s_resolvers_or_refuses(resolvers: tuple[str, ...], expected: str) -> None:
    assert expected in config.corefile(make_plan(1), HOME, resolvers)


def test_without_resolvers_the_cluster_s_names_have_a_server_of_their_own() -> None:
    """CoreDNS asks `template` first: in one server it would say NXDOMAIN to the cluster's own names as well."""
    cluster, rest = config.corefile(make_plan(1), HOME, ()).split("\n.:53 {")
    assert cluster.startswith("cluster.local:53 in-addr.arpa:53 {")
    assert "kubernetes cluster.local" in cluster
    assert "template" not in cluster
    assert "kubernetes" not in rest


def test_resolvers_are_read() -> None:
    assert config.parse_resolvers("search x\nnameserver 9.9.9.9\nnameserver\n# nameserver 1.1.1.1\n") == (
        "9.9.9.9",
    )


def test_nobody_is_anonymous_at_the_kubelet() -> None:
    files = config.files(make_plan(1), HOME, Cache(root=Path("/c")), ())
    assert '"anonymous": {\n      "enabled": false' in files["kubelet.json"]


def test_programs_of_this_package_take_no_module_from_where_up_was_called() -> None:
    own = [one.argv for one in config.node_components(make_plan(1), HOME) if one.argv[0] == sys.executable]
    assert len(own) == 2
    assert all(argv[1:3] == ("-P", "-m") for argv in own)
