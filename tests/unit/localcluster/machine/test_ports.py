"""Free ports, and who listens on a taken one."""

import os
import socket
import subprocess
import sys

import pytest

from chess_localcluster.machine import ports
from chess_localcluster.plan import PORT_NAMES


def test_ports_are_all_different_and_out_of_the_kernel_s_range() -> None:
    found = ports.free_ports()
    numbers = [getattr(found, name) for name in PORT_NAMES]
    assert len(set(numbers)) == len(PORT_NAMES)
    assert all(20000 <= number < 29999 for number in numbers)
    assert ports.free_ports(api=6443).api == 6443


def test_listening_sockets_are_distinguished_from_others() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1\n"
        "   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 222 1\n"
        "   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1\n"
    )
    assert ports.listening_inodes(table, 8080) == {"111"}


@pytest.mark.parametrize("protocol, kind", [("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)])
def test_a_wildcard_takes_the_port_of_an_address_that_is_not_there_yet(protocol: str, kind: int) -> None:
    with socket.socket(type=kind) as taken:
        taken.bind(("", 0))
        if protocol == "tcp":
            taken.listen()
        port = taken.getsockname()[1]
        assert not ports.is_free("198.51.100.1", port, protocol)
        assert ports.holder(port, protocol).startswith(f"pid {os.getpid()} (")
    assert ports.is_free("198.51.100.1", port, protocol)


PICK = """
import sys
from chess_localcluster.machine import ports
ports.RANGE = range(20_000, 20_040)
print(*ports.free_loopback_ports(10), flush=True)
sys.stdin.readline()
"""


def test_processes_that_ask_at_the_same_time_are_given_different_ports() -> None:
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", PICK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    try:
        given = [port for one in asking if one.stdout for port in one.stdout.readline().split()]
    finally:
        for one in asking:
            one.communicate("\n", timeout=60)
    assert len(given) == len(set(given)) == 30


def test_a_port_is_given_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "RANGE", [ports.free_port()])
    assert ports.free_loopback_ports(1) == []
    monkeypatch.setattr(ports, "RESERVED_SECONDS", 0.0)
    assert ports.free_loopback_ports(1) == ports.RANGE
