"""Deploy an environment: every stack after those it depends on, independent ones at once.

CloudFormation is the only record. A deployment that was cut off anywhere is picked up by looking: a stack that moves is
waited for, a failed create is cleared away, a stuck rollback is continued, and a finished stack has nothing to change.
"""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from botocore import exceptions as aws

from chess_stacks.account import failure, states, timeline, watch
from chess_stacks.account.cloudformation import CloudFormation, Deployed
from chess_stacks.account.environment import Environment
from chess_stacks.account.states import Approach
from chess_stacks.deploy import guard, plan, schedule
from chess_stacks.deploy.outcome import Begun, Ended, Happened, Notify, Outcome, Verdict
from chess_stacks.deploy.plan import StackPlan

_ROUNDS = 6  # preparations a stack may need before it can be planned: wait, clear, wait again, …


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One run of `deploy`."""

    environment: Environment
    notify: Notify
    clock: Callable[[], float]
    backoff: watch.Backoff = field(default_factory=watch.Backoff)
    allowed: frozenset[str] = frozenset()
    parallel: int = 4
    prepared: dict[str, StackPlan] = field(default_factory=dict)

    def run(self, keys: frozenset[str]) -> list[Outcome]:
        """Deploy these stacks; refuse before anything is touched where data would be lost."""
        needs = schedule.subset(self.environment.needs, keys)
        self._look_ahead(list(needs))
        done = schedule.run(
            needs, self._one, lambda outcome: outcome.good, parallel=self.parallel, interrupted=self._stop
        )
        self._discard_rest()
        waiting = [key for key in needs if key not in done]
        return [*done.values(), *(self._waiting(key, needs[key], done) for key in waiting)]

    def _look_ahead(self, keys: list[str]) -> None:
        """Plan every stack that can be planned already, so that a refusal comes first."""
        with ThreadPoolExecutor(max_workers=self.parallel) as pool:
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
            return plan.make(self.environment, key, self.backoff)
        except plan.MissingInputs:
            return None

    def _discard_rest(self) -> None:
        for found in self.prepared.values():
            plan.discard(self.environment, found)
        self.prepared.clear()

    def _stop(self) -> None:
        self.backoff.stop.set()

    def _one(self, key: str) -> Outcome:
        outcome = self._guarded(key, self.clock())
        self.notify(Ended(outcome))
        return outcome

    def _guarded(self, key: str, begun: float) -> Outcome:
        name = self.environment.entry(key).name
        try:
            return self._deploy(key, begun)
        except watch.Interrupted:
            found = self.environment.cloud(self.environment.entry(key).region).find(name)
            return Outcome(
                key=key,
                name=name,
                verdict="interrupted",
                status=found.status if found else "",
                seconds=self.clock() - begun,
                reason="you stopped waiting; CloudFormation goes on by itself",
                advice="run the same command again to pick it up",
            )
        except (failure.Failure, aws.ClientError, aws.BotoCoreError) as error:
            told = failure.explain(error, f"deploying {name}")
            refused = isinstance(told, failure.Refused)
            return Outcome(
                key=key,
                name=name,
                verdict="refused" if refused else "failed",
                seconds=self.clock() - begun,
                reason=told.message,
                advice=told.advice,
            )

    def _deploy(self, key: str, begun: float) -> Outcome:
        entry = self.environment.entry(key)
        cloud = self.environment.cloud(entry.region)
        self._settle(cloud, key)
        ready = self._plan(key)
        plan.refuse_data_loss(ready, self.allowed)
        if ready.change_set is None:
            guard.protect(self.environment, ready)
            found = self.environment.find(key)
            status = found.status if found else ""
            return Outcome(
                key=key, name=entry.name, verdict="unchanged", status=status, seconds=self.clock() - begun
            )
        return self._execute(cloud, ready, begun)

    def _plan(self, key: str) -> StackPlan:
        entry = self.environment.entry(key)
        ready = self.prepared.pop(key, None)
        if ready is not None:
            given = plan.resolve_inputs(self.environment, entry)
            if given.items() <= ready.parameters.items():
                return ready
            plan.discard(self.environment, ready)
        self.notify(Begun(key, "planning"))
        return plan.make(self.environment, key, self.backoff)

    def _execute(self, cloud: CloudFormation, ready: StackPlan, begun: float) -> Outcome:
        self.notify(Begun(ready.key, "creating" if ready.kind == "create" else "updating"))
        follower = self._follower(cloud, ready.key, ready.name)
        follower.skip_past()
        with guard.lifted(cloud, ready, self.allowed):
            cloud.execute(ready.name, str(ready.change_set), f"chess-{uuid.uuid4().hex}")
            found = watch.until_settled(cloud, self._id(cloud, ready.name), follower, self.backoff)
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
            seconds=self.clock() - begun,
            reason="; ".join(causes) if causes else ("" if good else (found.reason if found else "")),
            advice="" if good else _after_failure(status),
            changes=ready.changes,
            spans=timeline.spans(follower.events),
        )

    def _settle(self, cloud: CloudFormation, key: str) -> None:
        """Bring a stack out of whatever an earlier run left it in."""
        continued = False
        for _ in range(_ROUNDS):
            found = self.environment.find(key)
            step = states.approach(found.status if found else "")
            if found is None or step in (Approach.CREATE, Approach.UPDATE):
                return
            if step is Approach.REFUSE or (step is Approach.RECOVER and continued):
                raise _stuck(found)
            continued |= step is Approach.RECOVER
            self._prepare(cloud, key, found, step)
        raise failure.Failure(
            f"{found.name if found else key} does not come to rest", "look at it in the console"
        )

    def _prepare(self, cloud: CloudFormation, key: str, found: Deployed, step: Approach) -> None:
        self.notify(Begun(key, f"{_PREPARING[step]} ({found.status})"))
        follower = self._follower(cloud, key, found.name)
        follower.skip_past()
        if step is Approach.CLEAR:
            cloud.client.delete_stack(StackName=found.name)
        elif step is Approach.RECOVER:
            cloud.client.continue_update_rollback(StackName=found.name)
        elif step is Approach.UNDO:
            cloud.client.rollback_stack(StackName=found.name)
        watch.until_settled(cloud, found.stack_id or found.name, follower, self.backoff)

    def _follower(self, cloud: CloudFormation, key: str, name: str) -> watch.Follower:
        return watch.Follower(
            cloud=cloud, stack=self._id(cloud, name), notify=lambda event: self.notify(Happened(key, event))
        )

    def _id(self, cloud: CloudFormation, name: str) -> str:
        found = cloud.find(name)
        return found.stack_id if found and found.stack_id else name

    def _waiting(self, key: str, needs: frozenset[str], done: dict[str, Outcome]) -> Outcome:
        blocked = sorted(need for need in needs if need not in done or not done[need].good)
        halt = "you stopped it" if self.backoff.stop.is_set() else "another stack failed"
        reason = f"waits for {', '.join(blocked)}" if blocked else f"not begun, because {halt}"
        return Outcome(key=key, name=self.environment.entry(key).name, verdict="waiting", reason=reason)


_PREPARING = {
    Approach.WAIT: "picking up what is under way",
    Approach.CLEAR: "clearing away a failed create",
    Approach.RECOVER: "continuing a stuck rollback",
    Approach.UNDO: "rolling back a failed update",
}


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
