"""`make test` and `make test-fast`: run jobs beside each other, show how far they are, add up what came of them.

`python -m lanes all|quick [JOB…]`; with names, only those jobs and what they need. The exit code is 0 only if every
job succeeded.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lanes import jobs, results, schedule
from lanes.jobs import Job, Load
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
        jobs.OUT.mkdir(parents=True, exist_ok=True)
        try:
            while not all(job.name in self._states and self._states[job.name] in ENDED for job in self._jobs):
                self._start_what_may()
                self._note_what_ended()
                self._show()
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            self._stop()
            return 130
        return self._report()

    def _now(self) -> float:
        return time.monotonic() - self._start

    def _start_what_may(self) -> None:
        for job in schedule.hopeless(self._jobs, self._states):
            self._states[job.name] = State.SKIPPED
            self._say(f"- {job.name}: not run")
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
            self._states[job.name] = State.PASSED if code == 0 else State.FAILED
            counts = results.read(job.results) if job.collects else results.Counts()
            if code and job.collects and not counts.failed + counts.errors:
                counts += results.Counts(errors=1)
            self._count(job, counts, self._began[job.name])
            self._say_end(job, code, counts)

    def _say_end(self, job: Job, code: int, counts: results.Counts) -> None:
        took = self._now() - self._began[job.name]
        outcome = str(counts) if job.collects else f"exit code {code}" if code else "done"
        self._say(f"{'✗' if code else '✓'} {job.name}: {outcome} ({took:.0f} s)")
        if code:
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
        self._say(f"… {', '.join(map(_progress, running))}; {left} jobs left")

    def _say(self, text: str) -> None:
        seconds = int(self._now())
        print(f"{seconds // 60:3}:{seconds % 60:02}  {text}", flush=True)

    def _stop(self) -> None:
        """Pass Ctrl-C on and give the jobs the time to take away what they made."""
        living = [process for process in self._processes.values() if process.poll() is None]
        for process in living:
            os.killpg(process.pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        for process in living:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        self._say("interrupted")

    def _report(self) -> int:
        print(f"\n{results.table(self._tiers)}\n")
        failed = [job.name for job in self._jobs if self._states[job.name] is not State.PASSED]
        if failed:
            print(
                f"did not pass: {', '.join(failed)}; what they wrote is in {jobs.OUT.relative_to(jobs.ROOT)}/\n"
            )
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


def chosen(names: Sequence[str], everything: Sequence[Job]) -> list[Job]:
    """Return the named jobs with all that they need, in the table's order; all of them without names."""
    known = {job.name: job for job in everything}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"lanes: {', '.join(unknown)}: unknown; the jobs are {', '.join(known)}")
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
        raise SystemExit("usage: python -m lanes all|quick [JOB…]")
    schedule.check(sets[which])
    return Run(chosen(names, sets[which])).to_the_end()


if __name__ == "__main__":
    sys.exit(main())
