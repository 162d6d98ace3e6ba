"""`make test` and `make test-fast`: run jobs beside each other, show how far they are, add up what came of them.

`python -m lanes all|quick [JOB…]`; with names, only those jobs and what they need. Exit codes: 0 every job succeeded,
1 one did not, 2 a wrong job or another run goes on, 130 interrupted. However it ends, it ends the jobs first.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from types import FrameType

from lanes import jobs, results, schedule
from lanes.jobs import Job, Load
from lanes.lock import HeldError, held
from lanes.schedule import ENDED, State

POLL_SECONDS = 0.2
SHOW_SECONDS = 20.0
STOP_SECONDS = 60.0
GIVE_WAY = 5
"""How much nicer the computing jobs are: the others have deadlines."""
LAST_LINES = 250
COLLECTED = re.compile(r"^collected (\d+) items?", re.MULTILINE)
OUTCOMES = re.compile(r"^(?:tests/\S+ )?([.FEsx]+)(?: +\[ *\d+%\])?$", re.MULTILINE)
PYTHONPATH = str(Path(__file__).resolve().parents[1])
MACHINE_LOCK = Path(gettempdir()) / "chesscluster-test.lock"
"""Two whole runs would take each other's nodes down."""


class Run:
    """All jobs, from the first to the last."""

    def __init__(self, chosen: Sequence[Job]) -> None:
        self._jobs = chosen
        self._states: dict[str, State] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._began: dict[str, float] = {}
        self._start = time.monotonic()
        self._shown = self._start
        self._tiers: dict[str, results.Line] = {}

    def to_the_end(self) -> int:
        """Run everything that can be run; returns the exit code."""
        try:
            while not all(job.name in self._states and self._states[job.name] in ENDED for job in self._jobs):
                self._start_what_may()
                self._note_what_ended()
                self._show()
                time.sleep(POLL_SECONDS)
            return self._report()
        except KeyboardInterrupt:
            self._print("interrupted; Ctrl-C again does not wait for what the jobs take away")
            return 130
        finally:
            self._stop()

    def _now(self) -> float:
        return time.monotonic() - self._start

    def _start_what_may(self) -> None:
        for job in schedule.hopeless(self._jobs, self._states):
            self._states[job.name] = State.SKIPPED
            self._print(f"- {job.name}: not run")
            if job.collects:
                self._count(job, results.Counts(errors=1), self._now())
        for job in schedule.startable(self._jobs, self._states, os.cpu_count() or 1):
            self._begin(job)

    def _begin(self, job: Job) -> None:
        job.results.unlink(missing_ok=True)
        yielding = job.load is Load.COMPUTES
        with job.log.open("wb") as log:
            self._processes[job.name] = subprocess.Popen(
                ["nice", "-n", str(GIVE_WAY), *job.command] if yielding else job.command,
                cwd=jobs.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": PYTHONPATH},
                start_new_session=True,
            )
        self._states[job.name] = State.RUNNING
        self._began[job.name] = self._now()

    def _note_what_ended(self) -> None:
        for job in self._jobs:
            if self._states.get(job.name) is not State.RUNNING:
                continue
            code = self._processes[job.name].poll()
            if code is None:
                continue
            counts = results.read(job.results) if job.collects else results.Counts()
            if code and job.collects and not counts.bad:
                counts += results.Counts(errors=1)
            failed = bool(code or counts.bad)
            self._states[job.name] = State.FAILED if failed else State.PASSED
            self._count(job, counts, self._began[job.name])
            outcome = str(counts) if job.collects else f"exit code {code}" if code else "done"
            self._print_end(job, outcome, failed=failed)

    def _print_end(self, job: Job, outcome: str, *, failed: bool) -> None:
        took = self._now() - self._began[job.name]
        self._print(f"{'✗' if failed else '✓'} {job.name}: {outcome} ({took:.0f} s)")
        if failed:
            lines = job.log.read_text(errors="replace").splitlines()
            print("\n".join([f"--- {job.log}", *lines[-LAST_LINES:], "---"]), flush=True)

    def _count(self, job: Job, counts: results.Counts, began: float) -> None:
        now = self._now()
        line = self._tiers.get(
            job.tier, results.Line(counts=results.Counts(), seconds=0, began=began, ended=now)
        )
        self._tiers[job.tier] = line.with_job(counts, began, now)

    def _show(self) -> None:
        if time.monotonic() - self._shown < SHOW_SECONDS:
            return
        self._shown = time.monotonic()
        running = [job for job in self._jobs if self._states.get(job.name) is State.RUNNING]
        left = sum(job.name not in self._states for job in self._jobs)
        self._print(f"… {', '.join(map(_progress, running))}; {left} jobs left")

    def _print(self, text: str) -> None:
        seconds = int(self._now())
        print(f"{seconds // 60:3}:{seconds % 60:02}  {text}", flush=True)

    def _stop(self) -> None:
        """Pass Ctrl-C on to the jobs that still run, and give them the time to take away what they made."""
        living = [process for process in self._processes.values() if process.poll() is None]
        for process in living:
            os.killpg(process.pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        try:
            while any(process.poll() is None for process in living) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        finally:
            for process in living:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def _report(self) -> int:
        print(f"\n{results.table(self._tiers)}\n")
        failed = [job.name for job in self._jobs if self._states[job.name] is not State.PASSED]
        if failed:
            print(f"did not pass: {', '.join(failed)}; what they wrote is in {os.path.relpath(jobs.OUT)}/\n")
        print(results.closing_line((line.counts for line in self._tiers.values()), self._now()), flush=True)
        return 1 if failed else 0


def _progress(job: Job) -> str:
    """Say how far a job is, by what it wrote: tests that have ended, or else its last line."""
    text = job.log.read_text(errors="replace")
    if job.collects:
        collected = COLLECTED.search(text)
        ended = sum(len(found[1]) for found in OUTCOMES.finditer(text))
        return f"{job.name} {ended}/{collected[1]}" if collected else job.name
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{job.name} ({lines[-1].removeprefix('… ')[:70]})" if lines else job.name


class UnknownJobError(Exception):
    """A name that no job has, and the names that there are."""


def chosen(names: Sequence[str], everything: Sequence[Job]) -> list[Job]:
    """Return the named jobs with all that they need, in the table's order; all of them without names."""
    known = {job.name: job for job in everything}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UnknownJobError(f"{', '.join(unknown)}: unknown; the jobs are {', '.join(known)}")
    wanted, pending = set[str](), list(names or known)
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending += known[name].needs
    return [
        replace(job, follows=tuple(name for name in job.follows if name in wanted))
        for job in everything
        if job.name in wanted
    ]


def main() -> int:
    """Read the command line."""
    which, *names = sys.argv[1:] or [""]
    sets = {"all": jobs.ALL, "quick": jobs.QUICK}
    if which not in sets:
        print("usage: python -m lanes all|quick [JOB…]", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        schedule.check(sets[which])
        wanted = chosen(names, sets[which])
        with held(jobs.OUT / "lock"), held(MACHINE_LOCK) if which == "all" else nullcontext():
            return Run(wanted).to_the_end()
    except UnknownJobError as error:
        print(f"lanes: {error}", file=sys.stderr)
        return 2
    except HeldError as error:
        print(f"lanes: another run goes on, process {error}; wait for its end, or stop it", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"lanes: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
