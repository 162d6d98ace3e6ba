"""By which address a client is limited."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_server.clients.address import Trust, client_address
from chess_server.transport.link import UpgradeRequest


def request(peer: str, **headers: str) -> UpgradeRequest:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return UpgradeRequest(target="/", peer=peer, header=lambda name: named.get(name.lower(), ""))


PEER = "10.0.0.9"


@pytest.mark.parametrize(
    "hops, forwarded, address",
    [
        pytest.param(0, "203.0.113.7", PEER, id="nobody is trusted: anyone may write the header"),
        pytest.param(1, "203.0.113.7", "203.0.113.7", id="one proxy"),
        pytest.param(1, "198.51.100.1, 203.0.113.7", "203.0.113.7", id="what the client itself wrote is left of it"),
        pytest.param(2, "198.51.100.1, 203.0.113.7, 192.0.2.1", "203.0.113.7", id="two proxies"),
        pytest.param(2, "203.0.113.7", PEER, id="it came around the outer proxy"),
        pytest.param(1, "", PEER, id="no header"),
        pytest.param(1, "unknown", PEER, id="no address"),
        pytest.param(1, "203.0.113.7, ", PEER, id="an empty entry"),
        pytest.param(1, "999.1.1.1", PEER, id="out of range"),
        pytest.param(1, "203.0.113.7:5000", "203.0.113.7", id="with a port"),
        pytest.param(1, "[2001:db8::1]:5000", "2001:db8::/64", id="IPv6 with a port"),
        pytest.param(1, "2001:db8:0:0:1:2:3:4", "2001:db8::/64", id="IPv6 by its network"),
        pytest.param(1, "::ffff:203.0.113.7", "203.0.113.7", id="IPv4 in IPv6"),
    ],
)  # fmt: skip
def test_the_address_is_what_the_outermost_trusted_proxy_saw(hops: int, forwarded: str, address: str) -> None:
    assert client_address(request(PEER, X_Forwarded_For=forwarded), Trust(hops=hops)) == address


@pytest.mark.parametrize(
    "peer, address",
    [
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_the_peer_is_read_likewise(peer: str, address: str) -> None:
    assert client_address(request(peer), Trust()) == address


@pytest.mark.parametrize(
    "value, address",
    [
        ("198.51.100.10:46532", "198.51.100.10"),
        ("2001:db8:0:0:1:2:3:4:46532", "2001:db8::/64"),
        ("2001:db8::1:46532", "2001:db8::/64"),
        ("[2001:db8::1]:46532", "2001:db8::/64"),
        ("198.51.100.10", "198.51.100.10"),
        ("nonsense", "203.0.113.7"),
        ("", "203.0.113.7"),
    ],
)
def test_a_header_of_the_front_door_comes_first(value: str, address: str) -> None:
    asked = request(PEER, CloudFront_Viewer_Address=value, X_Forwarded_For="203.0.113.7")
    assert client_address(asked, Trust(hops=1, header="CloudFront-Viewer-Address")) == address


@given(st.text(max_size=60), st.integers(0, 3))
def test_no_header_breaks_it(text: str, hops: int) -> None:
    asked = request(PEER, X_Forwarded_For=text, X_Own=text)
    assert client_address(asked, Trust(hops=hops, header="X-Own"))
