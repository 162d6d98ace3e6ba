"""Whether the cluster's networks are free on this machine. Pure: it judges the text of /proc/net/route.

An equal or a narrower route takes addresses away from pods: refused. A wider one only hides a part of that network,
and Services' addresses never leave the machine: warned.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from chess_localcluster.plan import BRIDGE, POD_CIDR, SERVICE_CIDR
from chess_localcluster.preflight.check import Check, ok, refused, warning

PODS, SERVICES = IPv4Network(POD_CIDR), IPv4Network(SERVICE_CIDR)
WIDEST = 8  # a default route, or one of two halves that stand for it, hides nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A network, and the interface behind which it is."""

    network: IPv4Network
    interface: str


def parse(table: str) -> list[Route]:
    """Read /proc/net/route: numbers in the machine's byte order."""
    rows = (line.split() for line in table.splitlines()[1:])
    return [
        Route(network=IPv4Network((_address(row[1]), str(_address(row[7])))), interface=row[0])
        for row in rows
        if len(row) > 7  # noqa: PLR2004 - the column of the mask
    ]


def _address(text: str) -> IPv4Address:
    return IPv4Address(int.from_bytes(int(text, 16).to_bytes(4, sys.byteorder), "big"))


def judge(routes: list[Route]) -> list[Check]:
    """Return what stands in the way of pods and Services."""
    others = [route for route in routes if route.interface != BRIDGE and route.network.prefixlen >= WIDEST]
    found = [*_of_pods(others), *_of_services(others)]
    return found or [ok("networks", f"{POD_CIDR} (pods) and {SERVICE_CIDR} (Services) are free")]


def _of_pods(routes: list[Route]) -> Iterator[Check]:
    for route in routes:
        if route.network.subnet_of(PODS):
            yield refused(
                "networks",
                f"{route.network} on {route.interface} is in the pods' network {POD_CIDR}",
                _remedy(route),
            )
        elif route.network.overlaps(PODS):
            yield _hides(route, f"the pods' network {POD_CIDR}")


def _of_services(routes: list[Route]) -> Iterator[Check]:
    return (
        _hides(route, f"the Services' network {SERVICE_CIDR}")
        for route in routes
        if route.network.overlaps(SERVICES) and not route.network.overlaps(PODS)
    )


def _remedy(route: Route) -> str:
    if "podman" in route.interface:
        return (
            "Podman's own bridge has these addresses too; stop its containers, "
            f"then `ip link delete {route.interface}`, or give Podman another default_subnet in containers.conf"
        )
    return f"take {route.interface} down, or give it other addresses"


def _hides(route: Route, what: str) -> Check:
    return warning(
        "networks",
        f"{route.network} on {route.interface} overlaps {what}",
        "hosts there that have the same addresses are not reached while the cluster is up",
    )
