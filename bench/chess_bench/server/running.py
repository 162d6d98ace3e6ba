"""A server process from its start until its end, on a free loopback port."""

import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chess_bench.server.subjects import Subject, SubjectError
from chess_localcluster.machine import ports
from chess_localcluster.machine.polling import wait_until
from chess_localcluster.plan import LOOPBACK

START_SECONDS, END_SECONDS = 90.0, 10.0
LAST_BYTES = 1500


@dataclass(slots=True)
class Running:
    """A server that listens."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def end(self) -> None:
        """Kill it: a drain is not what is measured."""
        self.process.kill()
        self.process.wait(END_SECONDS)


@contextmanager
def running(
    subject: Subject, environment: Mapping[str, str], log: Path, port: int | None = None
) -> Iterator[Running]:
    """Run a server, on a free port unless one is given; it is killed at the end."""
    server = launch(subject, environment, log, port or ports.free_port())
    try:
        await_listening(server, subject.name, log)
        yield server
    finally:
        server.end()


def launch(subject: Subject, environment: Mapping[str, str], log: Path, port: int) -> Running:
    """Start a server on that port."""
    given = {**os.environ, **subject.environment, **environment, "CHESS_PORT": str(port), "PORT": str(port)}
    with log.open("ab") as output:
        process = subprocess.Popen(subject.argv, env=given, stdout=output, stderr=output)
    return Running(process, port)


def await_listening(server: Running, name: str, log: Path) -> None:
    """Wait until it takes connections; raises SubjectError if it ends before."""
    wait_until(lambda: server.process.poll() is not None or _listens(server.port), START_SECONDS)
    if server.process.poll() is not None or not _listens(server.port):
        raise SubjectError(f"{name} did not start: {log.read_text(errors='replace')[-LAST_BYTES:].strip()}")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((LOOPBACK, port)) == 0
