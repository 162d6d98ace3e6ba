"""A process by pid and start time, so that a signal never reaches another process that has the same pid by now."""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass

from chess_localcluster.machine.polling import wait_until
from chess_localcluster.machine.proc import PROC

STATE, PARENT, START = 0, 1, 19  # fields of /proc/PID/stat, counted after the name


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process by pid and by the clock tick at which it started."""

    name: str
    pid: int
    start: int

    @property
    def alive(self) -> bool:
        """Return whether this process still runs; a zombie does not."""
        fields = stat_fields(self.pid)
        if fields is None or int(fields[START]) != self.start:
            return False
        if fields[STATE] != "Z":
            return True
        if int(fields[PARENT]) == os.getpid():
            os.waitpid(self.pid, os.WNOHANG)
        return False

    @property
    def frozen(self) -> bool:
        """Return whether a signal has stopped it."""
        fields = stat_fields(self.pid)
        return fields is not None and fields[STATE] == "T"

    @property
    def parent(self) -> int:
        """The parent's pid, 0 if the process has ended."""
        fields = stat_fields(self.pid)
        return int(fields[PARENT]) if fields else 0

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone or its pid belongs to another by now."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return


def stat_fields(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the name, or None if there is no such process."""
    try:
        return parse_stat((PROC / str(pid) / "stat").read_text("utf-8", errors="replace"))
    except (OSError, IndexError):
        return None


def parse_stat(text: str) -> list[str]:
    """Split after the name, which may itself hold spaces and brackets."""
    return text.rpartition(")")[2].split()


def identify(name: str, pid: int) -> Process | None:
    """Return the process that has `pid` now."""
    fields = stat_fields(pid)
    return None if fields is None else Process(name=name, pid=pid, start=int(fields[START]))


def stop(processes: Iterable[Process], grace_seconds: float) -> None:
    """Ask all to end, and kill those that still run after `grace_seconds`."""
    living = [process for process in processes if process.alive]
    for process in living:
        process.signal(signal.SIGTERM)
        process.signal(signal.SIGCONT)
    if not await_end(living, grace_seconds):
        for process in living:
            process.signal(signal.SIGKILL)
        await_end(living, 5.0)


def await_end(processes: Iterable[Process], seconds: float) -> bool:
    """Wait until all processes have ended; return False if one still runs after `seconds`."""
    waited_for = list(processes)
    return wait_until(lambda: not any(process.alive for process in waited_for), seconds)
