"""A run: starts the jobs that may start, shows how far they are, adds up what came of them."""

import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path

from lanes import jobs, results, schedule
from lanes.jobs import Job, Load
from lanes.processes import Interrupts, JobProcess
from lanes.schedule import ENDED, State

POLL_SECONDS = 0.2
SHOW_SECONDS = 20.0
STOP_SECONDS = 60.0
GIVE_WAY = 5
"""How much nicer the computing jobs are: the others have deadlines."""
LAST_LINES = 250
INTERRUPTED = 130
IMPATIENT = 2
"""Ctrl-C this often does not wait for the jobs to clean up."""
COLLECTED = re.compile(r"^collected (\d+) items?", re.MULTILINE)
OUTCOMES = re.compile(r"^(?:tests/\S+ )?([.FEsx]+)(?: +\[ *\d+%\])?$", re.MULTILINE)
PYTHONPATH = str(Path(__file__).resolve().parents[1])


class Run:
    """All jobs, from the first to the last."""

    def __init__(self, chosen: Sequence[Job], interrupts: Interrupts) -> None:
        self._jobs = chosen
        self._interrupts = interrupts
        self._states: dict[str, State] = {}
        self._processes: dict[str, JobProcess] = {}
        self._began: dict[str, float] = {}
        self._start = time.monotonic()
        self._shown = self._start
        self._tiers: dict[str, results.Line] = {}

    def to_the_end(self) -> int:
        """Run everything that can be run; returns the exit code. However it ends, it ends the jobs first."""
        jobs.OUT.mkdir(parents=True, exist_ok=True)
        try:
            while self._pending() and not self._interrupts.count:
                self._start_what_may()
                self._note_what_ended()
                self._show()
                time.sleep(POLL_SECONDS)
            if self._pending():
                self._print("interrupted; the jobs clean up. Press Ctrl-C again to kill them now")
        finally:
            self._stop()
        if self._pending():
            self._mention_node()
            return INTERRUPTED
        return self._report()

    def _pending(self) -> bool:
        return any(self._states.get(job.name) not in ENDED for job in self._jobs)

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
        self._processes[job.name] = JobProcess(
            ["nice", "-n", str(GIVE_WAY), *job.command] if yielding else job.command,
            jobs.ROOT,
            job.log,
            {**os.environ, "PYTHONPATH": PYTHONPATH},
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
            lines = _written(job).splitlines()
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
        """Pass Ctrl-C on to the jobs that still run, and give them the time to clean up."""
        living = [process for process in self._processes.values() if process.poll() is None]
        for process in living:
            process.signal(signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while any(process.poll() is None for process in living):
            if time.monotonic() > deadline or self._interrupts.count >= IMPATIENT:
                for process in living:
                    process.signal(signal.SIGKILL)
            time.sleep(POLL_SECONDS)

    def _mention_node(self) -> None:
        if "node" in self._processes and self._states.get("down") is not State.PASSED:
            print("the local cluster stays; `make down` removes it\n", flush=True)

    def _report(self) -> int:
        print(f"\n{results.table(self._tiers)}\n")
        failed = [job.name for job in self._jobs if self._states[job.name] is not State.PASSED]
        if failed:
            print(f"did not pass: {', '.join(failed)}; what they wrote is in {os.path.relpath(jobs.OUT)}/\n")
        self._mention_node()
        print(results.closing_line((line.counts for line in self._tiers.values()), self._now()), flush=True)
        return 1 if failed else 0


def _progress(job: Job) -> str:
    """Say how far a job is, by what it wrote: tests that have ended, or else its last line."""
    text = _written(job)
    if job.collects:
        collected = COLLECTED.search(text)
        ended = sum(len(found[1]) for found in OUTCOMES.finditer(text))
        return f"{job.name} {ended}/{collected[1]}" if collected else job.name
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{job.name} ({lines[-1].removeprefix('… ')[:70]})" if lines else job.name


def _written(job: Job) -> str:
    """Return what a job wrote so far, fit for a terminal; nothing if its log was removed."""
    try:
        text = job.log.read_text(errors="replace")
    except OSError:
        return ""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)
