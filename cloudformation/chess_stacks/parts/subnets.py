"""The address plan: which block each subnet gets. Pure.

The VPC is cut into eighths. Eighths 0 to 2 are private (nodes and pods need the room), eighth 6 holds the
public subnets and eighth 7 the data subnets, an eighth of it each. A zone's blocks do not depend on how many
zones there are, so a third zone can be added without moving what stands.
"""

import ipaddress
from dataclasses import dataclass

_EIGHTH = 3
_PUBLIC = 6
_DATA = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneBlocks:
    """The three blocks of one zone, in CIDR notation."""

    public: str
    private: str
    data: str


def plan(cidr: str, zones: int) -> tuple[ZoneBlocks, ...]:
    """Return the blocks of each zone of a VPC."""
    eighths = list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=_EIGHTH))
    public = list(eighths[_PUBLIC].subnets(prefixlen_diff=_EIGHTH))
    data = list(eighths[_DATA].subnets(prefixlen_diff=_EIGHTH))
    return tuple(
        ZoneBlocks(public=str(public[zone]), private=str(eighths[zone]), data=str(data[zone]))
        for zone in range(zones)
    )
