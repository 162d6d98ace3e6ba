"""`make test` and `make test-fast`: run jobs beside each other.

`python -m lanes all|quick [JOB…]`; with names, only those jobs and what they need. Exit codes: 0 every job succeeded,
1 one did not, 2 a wrong job or another run is active, 130 interrupted.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace

from lanes import jobs, schedule
from lanes.jobs import Job
from lanes.lock import LOCKS, HeldError, held
from lanes.processes import Interrupts
from lanes.run import Run

MACHINE_LOCK = LOCKS / "chesscluster-test.lock"
"""Two whole runs would take each other's nodes down. Only root can bring one up."""


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
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr] - a terminal may lack the marks
    interrupts = Interrupts()
    interrupts.listen()
    try:
        schedule.check(sets[which])
        wanted = chosen(names, sets[which])
        alone = which == "all" and os.geteuid() == 0
        with held(jobs.LOCK), held(MACHINE_LOCK) if alone else nullcontext():
            return Run(wanted, interrupts).to_the_end()
    except UnknownJobError as error:
        print(f"lanes: {error}", file=sys.stderr)
        return 2
    except HeldError as error:
        print(f"lanes: another run is active (process {error}); wait for it, or stop it", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"lanes: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
