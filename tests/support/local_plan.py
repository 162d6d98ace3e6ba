"""The plan of a cluster that does not exist, for tests of what is made from a plan."""

from pathlib import Path

from chess_localcluster.paths import Home
from chess_localcluster.plan import PORT_NAMES, Plan, Ports

PORTS = Ports(**{name: 20000 + number for number, name in enumerate(PORT_NAMES)})
HOME = Home(root=Path("/var/lib/x"))


def make_plan(nodes: int) -> Plan:
    return Plan(home=HOME.root, nodes=nodes, ports=PORTS)
