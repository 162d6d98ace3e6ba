"""Who a client is to the limits: the address that it comes from, by the hops that are trusted.

Each proxy appends the address that it saw to `X-Forwarded-For`, so only the entries that trusted proxies wrote, from
the right, cannot be made up by a client.
"""

import ipaddress
from dataclasses import dataclass

from chess_server.transport.link import UpgradeRequest

FORWARDED = "X-Forwarded-For"
CLIENT_BITS = 64
"""An IPv6 client has at least a network of this length to itself, and may change its address in it at will."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How many proxies stand before this server, and the header in which one of them names the client, if any."""

    hops: int = 0
    header: str = ""


def client_address(request: UpgradeRequest, trust: Trust) -> str:
    """Return the client's address, an IPv6 one as its network; the peer's where no trusted hop names another."""
    named = _parse(request.header(trust.header), port_first=True) if trust.header else ""
    return named or _forwarded(request, trust.hops) or _parse(request.peer) or request.peer


def _forwarded(request: UpgradeRequest, hops: int) -> str:
    entries = request.header(FORWARDED).split(",") if hops else []
    return _parse(entries[-hops]) if 0 < hops <= len(entries) else ""


def _parse(text: str, *, port_first: bool = False) -> str:
    """Return an address that may have a port; empty if it is none. `port_first`: what may be a port is one."""
    text = text.strip()
    host, _, port = text.rpartition(":")
    bare = [host] if port.isascii() and port.isdigit() else []
    for candidate in (*bare, text) if port_first else (text, *bare):
        found = _network(candidate.removeprefix("[").removesuffix("]"))
        if found:
            return found
    return ""


def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> CLIENT_BITS << CLIENT_BITS, CLIENT_BITS)))
