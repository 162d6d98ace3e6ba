"""The processes of jobs, which do not outlive the run, and the signals that end a run."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def signalled_at_parents_death(number: signal.Signals) -> None:
    """Let the kernel send this process a signal when its parent ends, by kill -9 too. See prctl(2)."""
    LIBC.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)


class JobProcess:
    """A process in a group of its own."""

    def __init__(
        self, command: Sequence[str], directory: Path, log: Path, environment: dict[str, str]
    ) -> None:
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
                preexec_fn=lambda: signalled_at_parents_death(signal.SIGINT),  # noqa: PLW1509 - one thread
            )

    def poll(self) -> int | None:
        """Return the exit code once it has ended; what is left of its group ends then."""
        pid = self._process.pid
        if self._process.returncode is None:
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
            self.signal(signal.SIGKILL)  # before the id can be another's
        return self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send its group a signal."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class Interrupts:
    """How often the run was asked to end. Counted, not raised: an exception could come between a job and its record."""

    def __init__(self) -> None:
        self.count = 0

    def listen(self) -> None:
        """Count Ctrl-C and its like; jobs get the default handlers. With nohup, SIGHUP stays ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
