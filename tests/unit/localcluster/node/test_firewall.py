"""Which chains are this program's and kube-proxy's, and what others' rules have to do with them."""

import pytest
from local_plan import make_plan

from chess_localcluster.node import firewall

NAT = """\
*nat
:PREROUTING ACCEPT [1:60]
:DOCKER - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-X - [0:0]
-A PREROUTING -m comment --comment "kubernetes -j KUBE-X portals" -j KUBE-SERVICES
-A PREROUTING -m comment --comment "leads to -j KUBE-SERVICES" -j DOCKER
-A DOCKER -i docker0 -j RETURN
-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-X
-A KUBE-SERVICES -j RETURN
COMMIT
""".splitlines()


def test_own_chains_go_with_the_rules_that_lead_there_and_nothing_else_is_written() -> None:
    assert firewall.removing(NAT, ("KUBE-",)).splitlines() == [
        "*nat",
        '-D PREROUTING -m comment --comment "kubernetes -j KUBE-X portals" -j KUBE-SERVICES',
        "-F KUBE-SERVICES",
        "-F KUBE-SVC-X",
        "-X KUBE-SERVICES",
        "-X KUBE-SVC-X",
        "COMMIT",
    ]


def test_where_nothing_is_ours_nothing_is_done() -> None:
    assert firewall.removing(NAT, ("LOCALCLUSTER-",)) == ""


@pytest.mark.parametrize(
    "table, empty",
    [
        (["*nat", ":PREROUTING ACCEPT [0:0]", "COMMIT"], True),
        (["*filter", ":FORWARD DROP [0:0]", "COMMIT"], False),
        (["*nat", ":PREROUTING ACCEPT [0:0]", ":DOCKER - [0:0]", "COMMIT"], False),
        (["*nat", ":PREROUTING ACCEPT [0:0]", "-A PREROUTING -j ACCEPT", "COMMIT"], False),
    ],
    ids=["empty", "a policy", "a chain", "a rule"],
)
def test_a_table_goes_only_if_nothing_of_anybody_is_left(table: list[str], empty: bool) -> None:  # noqa: FBT001 - a column of the table
    assert firewall.is_empty(table) is empty


def test_pods_are_let_in_to_what_the_cluster_serves_and_to_nothing_else() -> None:
    accepting = firewall.accepting(make_plan(1)).splitlines()
    doors = [line for line in accepting if "--dport" in line]
    assert all("-s 10.88.0.0/16 -d 10.88.0.1 -i lcbr0 " in line for line in doors)
    assert {int(line.split("--dport ")[1].split()[0]) for line in doors} == {53, 5432, 6379, 10250, 20000}
