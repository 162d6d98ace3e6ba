"""Which jobs may start now. Pure: states in, names out."""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum

from lanes.jobs import Job, Load


class State(Enum):
    """How far a job is."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "not run"


ENDED = frozenset({State.PASSED, State.FAILED, State.SKIPPED})


def startable(jobs: Sequence[Job], states: Mapping[str, State], cores: int) -> list[Job]:
    """Return the jobs that may start, in the order of `jobs`; a job without a state has not begun."""
    computing = sum(job.load is Load.COMPUTES for job in jobs if states.get(job.name) is State.RUNNING)
    found = []
    for job in jobs:
        if job.name in states or not _may_start(job, states):
            continue
        if job.load is Load.COMPUTES:
            if computing >= cores:
                continue
            computing += 1
        found.append(job)
    return found


def _may_start(job: Job, states: Mapping[str, State]) -> bool:
    succeeded = all(states.get(name) is State.PASSED for name in job.needs)
    return succeeded and all(states.get(name) in ENDED for name in job.follows)


def hopeless(jobs: Sequence[Job], states: Mapping[str, State]) -> list[Job]:
    """Return the jobs that can never start, because one that they need did not succeed."""
    broken = {name for name, state in states.items() if state in (State.FAILED, State.SKIPPED)}
    return [job for job in jobs if job.name not in states and broken & set(job.needs)]


def check(jobs: Collection[Job]) -> None:
    """Raise ValueError where a job waits for one that is not there, or for itself."""
    order: list[str] = []
    for job in jobs:
        unknown = {*job.needs, *job.follows} - set(order)
        if unknown:
            raise ValueError(f"{job.name}: waits for {', '.join(sorted(unknown))}, not listed before it")
        order.append(job.name)
