"""Other programs of the machine, whatever they are called."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chess_localcluster.machine import kubernetes, ports, proc
from chess_localcluster.processes import process
from chess_localcluster.processes.process import Process

RENAMED = """
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, b"caf\\xe9 \\xff", 0, 0, 0)
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def strangely_named() -> Iterator[tuple[int, int]]:
    """Run a process whose name is not UTF-8; yield its pid and the port on which it listens."""
    command = [sys.executable, "-c", RENAMED]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        yield running.pid, int(running.stdout.readline())
        running.kill()


def test_a_program_with_a_strange_name_stands_in_nobody_s_way() -> None:
    with strangely_named() as (pid, port):
        assert proc.name_of(proc.PROC / str(pid)) == "caf\ufffd \ufffd"
        assert not [one for one in kubernetes.others() if f"pid {pid})" in one]
        assert ports.holder(port) == f"pid {pid} (caf\ufffd \ufffd)"
        found = process.identify("strange", pid)
        assert isinstance(found, Process)
        assert found.alive


def test_another_kubernetes_is_found_by_the_names_of_its_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "PROGRAMS", frozenset({"caf\ufffd \ufffd"}))
    with strangely_named() as (pid, _):
        assert kubernetes.others() == [f"caf\ufffd \ufffd (pid {pid})"]
        assert kubernetes.others(own=frozenset({pid})) == []


def test_a_process_that_has_ended_has_no_name() -> None:
    assert not proc.name_of(proc.PROC / "0")
