"""Which jobs may start now. Pure: states in, names out."""

from collections import Counter
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


def places(cores: int) -> dict[Load, int]:
    """Return how many jobs of a kind run at once, so that together they keep that many cores busy, and no more.

    Measured on two cores: five that play beside two that compute make deadlines of tests miss.
    """
    return {
        Load.MAKES: cores + 2,
        Load.COMPUTES: max(1, cores - 1),
        Load.SERVES: max(1, cores // 2),
        Load.PLAYS: cores + 1,
    }


def startable(jobs: Sequence[Job], states: Mapping[str, State], cores: int) -> list[Job]:
    """Return the jobs that may start, in the order of `jobs`; a job without a state has not begun."""
    free = Counter(places(cores))
    free.subtract(job.load for job in jobs if states.get(job.name) is State.RUNNING)
    if not any(job.load is Load.PLAYS and job.name not in states for job in jobs):
        # Both take half a core: what plays leaves its places to what serves.
        free[Load.SERVES] += free[Load.PLAYS]
    found = []
    for job in jobs:
        if job.name not in states and _may_start(job, states) and free[job.load] > 0:
            free[job.load] -= 1
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
