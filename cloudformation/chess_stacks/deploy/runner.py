"""Run one job per stack, in the order of the DAG, and report what became of each; `deploy` and `destroy` share it.

They bring what is done with one stack. The runner keeps the order, stops on Ctrl-C, and makes an outcome of what goes
wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from botocore import exceptions as aws

from chess_stacks.account import failure, watch
from chess_stacks.account.backoff import Backoff, Interrupted
from chess_stacks.account.cloudformation import CloudFormation
from chess_stacks.deploy import schedule
from chess_stacks.deploy.outcome import Begun, Ended, Happened, Notify, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One stack's part in a run."""

    key: str
    name: str
    cloud: CloudFormation
    needs: frozenset[str]
    """Keys of the jobs that must have succeeded before this one begins."""


@dataclass(slots=True, kw_only=True)
class Runner:
    """How jobs are run: who is notified, by which clock, how polls are spaced, how many at once."""

    notify: Notify
    clock: Callable[[], float]
    backoff: Backoff = field(default_factory=Backoff)
    parallel: int = 4

    def run(
        self,
        jobs: Mapping[str, Job],
        work: Callable[[Job], Outcome],
        doing: str,
        reason: Callable[[Job, Mapping[str, Outcome]], str],
    ) -> list[Outcome]:
        """Do `work` for each job; `reason` gives the reason why a job never began, from the outcomes of the others."""
        done = schedule.run(
            {key: job.needs for key, job in jobs.items()},
            lambda key: self._one(jobs[key], work, doing),
            lambda outcome: outcome.good,
            parallel=self.parallel,
            interrupted=self.backoff.stop.set,
        )
        waiting = [
            Outcome(key=key, name=job.name, verdict="waiting", reason=reason(job, done))
            for key, job in jobs.items()
            if key not in done
        ]
        return [*done.values(), *waiting]

    def begin(self, key: str, what: str) -> None:
        """Report that a stage of a stack's work begins."""
        self.notify(Begun(key, what))

    def follow(self, cloud: CloudFormation, key: str, stack_id: str) -> watch.Follower:
        """Follow the events of a stack from now on."""
        follower = watch.Follower(
            cloud=cloud, stack=stack_id, notify=lambda event: self.notify(Happened(key, event))
        )
        follower.skip_past()
        return follower

    def _one(self, job: Job, work: Callable[[Job], Outcome], doing: str) -> Outcome:
        began = self.clock()
        outcome = replace(_guarded(job, work, doing), seconds=self.clock() - began)
        self.notify(Ended(outcome))
        return outcome


def _guarded(job: Job, work: Callable[[Job], Outcome], doing: str) -> Outcome:
    try:
        return work(job)
    except Interrupted:
        found = job.cloud.find(job.name)
        return Outcome(
            key=job.key,
            name=job.name,
            verdict="interrupted",
            status=found.status if found else "",
            reason="you stopped waiting; CloudFormation continues by itself",
            advice="run the same command again to pick it up",
        )
    except (failure.Failure, aws.ClientError, aws.BotoCoreError) as error:
        explained = failure.explain(error, f"{doing} {job.name}")
        return Outcome(
            key=job.key,
            name=job.name,
            verdict="refused" if isinstance(explained, failure.Refused) else "failed",
            reason=explained.message,
            advice=explained.advice,
        )
