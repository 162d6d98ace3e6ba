"""Which pages may connect."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chess_server.clients.origins import is_allowed, normal

NONE: frozenset[str] = frozenset()
LISTED = frozenset({"https://chess.example", "http://localhost:3000"})


@pytest.mark.parametrize(
    "origin, host, allowed, may",
    [
        pytest.param("", "chess.example", NONE, True, id="no browser"),
        pytest.param("", "chess.example", LISTED, True, id="no browser, and a list"),
        pytest.param("https://chess.example", "chess.example", NONE, True, id="the same host"),
        pytest.param("https://Chess.Example", "chess.example:443", NONE, True, id="the same, written otherwise"),
        pytest.param("http://localhost:3000", "localhost:3000", NONE, True, id="the same port"),
        pytest.param("http://localhost:3000", "localhost:8080", NONE, False, id="another port"),
        pytest.param("https://evil.example", "chess.example", NONE, False, id="another host"),
        pytest.param("https://chess.example.evil.example", "chess.example", NONE, False, id="it only begins so"),
        pytest.param("null", "chess.example", NONE, False, id="a sandboxed page"),
        pytest.param("null", "null", NONE, False, id="a host called null"),
        pytest.param("https://chess.example, https://chess.example", "chess.example", NONE, False, id="two"),
        pytest.param("https://a:99999", "a:99999", NONE, False, id="no port"),
        pytest.param("http://[", "chess.example", NONE, False, id="half a bracket"),
        pytest.param("http://[x]", "chess.example", LISTED, False, id="no address in brackets"),
        pytest.param("http://a]b", "chess.example", LISTED, False, id="a bracket that closes nothing"),
        pytest.param("http://chess.example", "[", NONE, False, id="a host that is none"),
        pytest.param("https://chess.example", "internal.elb", LISTED, True, id="listed, whatever the host"),
        pytest.param("https://chess.example:443", "internal.elb", LISTED, True, id="listed with its port"),
        pytest.param("http://chess.example", "internal.elb", LISTED, False, id="the scheme counts"),
        pytest.param("https://internal.elb", "internal.elb", LISTED, False, id="a list stands alone"),
        pytest.param("https://evil.example", "x", frozenset({"*"}), True, id="any"),
    ],
)  # fmt: skip
def test_origins(origin: str, host: str, allowed: frozenset[str], *, may: bool) -> None:
    assert is_allowed(origin, host, allowed) is may


@pytest.mark.parametrize(
    "text", ["chess.example", "ftp://a", "https://a/path", "https://u@a", "https://", ""]
)
def test_what_is_no_origin(text: str) -> None:
    assert normal(text) is None


HEADERS = st.text(max_size=40) | st.lists(
    st.sampled_from(["http", "https", "://", "[", "]", ":", "::1", "@", "/", "443", "a"]), max_size=8
).map("".join)
"""Any text, and text of the marks that a parser of URLs stumbles over."""


@given(HEADERS, HEADERS)
def test_no_header_breaks_it(origin: str, host: str) -> None:
    assert is_allowed(origin, host, LISTED) in (True, False)
    assert is_allowed(origin, host, NONE) in (True, False)
