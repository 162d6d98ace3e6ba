"""Deploy an environment: every stack after those it depends on, independent ones at once.

CloudFormation is the only record. A deployment that was cut off anywhere is picked up by looking: a stack that moves is
waited for, a failed create is cleared away, a stuck rollback is continued, and a finished stack has nothing to change.
"""

import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chess_stacks.account import failure, states, timeline, watch
from chess_stacks.account.cloudformation import CloudFormation
from chess_stacks.account.environment import Environment
from chess_stacks.account.records import Deployed
from chess_stacks.account.states import Approach
from chess_stacks.deploy import guard, plan, schedule
from chess_stacks.deploy.outcome import Outcome, Verdict
from chess_stacks.deploy.plan import StackPlan
from chess_stacks.deploy.runner import Job, Runner

_ROUNDS = 6
"""Preparations that a stack may need before it can be planned: wait, clear, wait again, …"""


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One run of `deploy`."""

    environment: Environment
    runner: Runner
    allowed: frozenset[str] = frozenset()
    """`STACK/LOGICAL_ID` or `LOGICAL_ID` of what may lose its data."""
    prepared: dict[str, StackPlan] = field(default_factory=dict)

    def run(self, keys: frozenset[str]) -> list[Outcome]:
        """Deploy these stacks; refuse before anything is touched where data would be lost."""
        needs = schedule.subset(self.environment.needs, keys)
        self._look_ahead(list(needs))
        outcomes = self.runner.run(
            {key: self._job(key, needs[key]) for key in needs}, self._deploy, "deploying", self._waits
        )
        self._discard_rest()
        return outcomes

    def _job(self, key: str, needs: frozenset[str]) -> Job:
        entry = self.environment.entry(key)
        return Job(key=key, name=entry.name, cloud=self.environment.cloud(entry.region), needs=needs)

    def _look_ahead(self, keys: list[str]) -> None:
        """Plan every stack that can be planned already, so that a refusal comes first."""
        with ThreadPoolExecutor(max_workers=self.runner.parallel) as pool:
            for found in pool.map(self._plan_ahead, keys):
                if found is not None:
                    self.prepared[found.key] = found
        try:
            for found in self.prepared.values():
                plan.refuse_data_loss(found, self.allowed)
        except failure.Refused:
            self._discard_rest()
            raise

    def _plan_ahead(self, key: str) -> StackPlan | None:
        found = self.environment.find(key)
        if found is None or states.approach(found.status) is not Approach.UPDATE:
            return None
        try:
            return plan.make(self.environment, key, self.runner.backoff)
        except plan.MissingInputs:
            return None

    def _discard_rest(self) -> None:
        for found in self.prepared.values():
            plan.discard(self.environment, found)
        self.prepared.clear()

    def _deploy(self, job: Job) -> Outcome:
        self._settle(job)
        ready = self._plan(job.key)
        plan.refuse_data_loss(ready, self.allowed)
        if ready.change_set is None:
            guard.protect(self.environment, ready)
            found = self.environment.find(job.key)
            status = found.status if found else ""
            return Outcome(key=job.key, name=job.name, verdict="unchanged", status=status)
        return self._execute(job.cloud, ready)

    def _plan(self, key: str) -> StackPlan:
        entry = self.environment.entry(key)
        ready = self.prepared.pop(key, None)
        if ready is not None:
            given = plan.resolve_inputs(self.environment, entry)
            if given.items() <= ready.parameters.items():
                return ready
            plan.discard(self.environment, ready)
        self.runner.begin(key, "planning")
        return plan.make(self.environment, key, self.runner.backoff)

    def _execute(self, cloud: CloudFormation, ready: StackPlan) -> Outcome:
        self.runner.begin(ready.key, "creating" if ready.kind == "create" else "updating")
        follower = self.runner.follow(cloud, ready.key, _id(cloud, ready.name))
        with guard.lifted(cloud, ready, self.allowed):
            cloud.execute(ready.name, str(ready.change_set), f"chess-{uuid.uuid4().hex}")
            found = watch.until_settled(cloud, _id(cloud, ready.name), follower, self.runner.backoff)
        self.environment.forget(ready.key)
        status = found.status if found else "DELETE_COMPLETE"
        good = status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        if good:
            guard.protect(self.environment, ready)
        verdict: Verdict = ("created" if ready.kind == "create" else "updated") if good else "failed"
        causes = () if good else timeline.root_cause(follower.events)
        return Outcome(
            key=ready.key,
            name=ready.name,
            verdict=verdict,
            status=status,
            reason="; ".join(causes) if causes else ("" if good else (found.reason if found else "")),
            advice="" if good else _after_failure(status),
            changes=ready.changes,
            spans=timeline.spans(follower.events),
        )

    def _settle(self, job: Job) -> None:
        """Bring a stack out of whatever an earlier run left it in."""
        continued = False
        for _ in range(_ROUNDS):
            found = self.environment.find(job.key)
            approach = states.approach(found.status if found else "")
            if found is None or approach in (Approach.CREATE, Approach.UPDATE):
                return
            if approach is Approach.REFUSE or (approach is Approach.RECOVER and continued):
                raise _stuck(found)
            continued |= approach is Approach.RECOVER
            self._prepare(job, found, approach)
        raise failure.Failure(
            f"{job.name} did not reach a stable status", "read its events in the CloudFormation console"
        )

    def _prepare(self, job: Job, found: Deployed, approach: Approach) -> None:
        cloud = job.cloud
        self.runner.begin(job.key, f"{_PREPARING[approach]} ({found.status})")
        follower = self.runner.follow(cloud, job.key, _id(cloud, found.name))
        if approach is Approach.CLEAR:
            cloud.client.delete_stack(StackName=found.name)
        elif approach is Approach.RECOVER:
            cloud.client.continue_update_rollback(StackName=found.name)
        elif approach is Approach.UNDO:
            cloud.client.rollback_stack(StackName=found.name)
        watch.until_settled(cloud, found.stack_id or found.name, follower, self.runner.backoff)

    def _waits(self, job: Job, done: Mapping[str, Outcome]) -> str:
        blocked = sorted(need for need in job.needs if need not in done or not done[need].good)
        if blocked:
            return f"waits for {', '.join(blocked)}"
        halt = "you stopped it" if self.runner.backoff.stop.is_set() else "another stack failed"
        return f"not started, because {halt}"


_PREPARING = {
    Approach.WAIT: "picking up what is under way",
    Approach.CLEAR: "clearing away a failed create",
    Approach.RECOVER: "continuing a stuck rollback",
    Approach.UNDO: "rolling back a failed update",
}


def _id(cloud: CloudFormation, name: str) -> str:
    """Return a stack's id: by its name, events end with its deletion."""
    found = cloud.find(name)
    return found.stack_id if found and found.stack_id else name


def _stuck(found: Deployed) -> failure.Refused:
    if found.status == "UPDATE_ROLLBACK_FAILED":
        return failure.Refused(
            f"{found.name} cannot be rolled back: {found.reason}",
            "repair what the reason names, then run the same command; it continues the rollback first",
        )
    return failure.Refused(
        f"{found.name} is {found.status}: {found.reason}", "finish with `chess-stacks destroy --stack` first"
    )


def _after_failure(status: str) -> str:
    if status in ("UPDATE_ROLLBACK_COMPLETE", "ROLLBACK_COMPLETE"):
        return "it was rolled back; correct the value and run the same command"
    return "correct the cause and run the same command: it clears up first"
