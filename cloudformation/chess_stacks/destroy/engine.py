"""Take an environment down: drain the cluster, delete stacks in reverse order, report what is left.

What is protected is named before anything is touched. A stack that is DELETE_FAILED is tried once more, because most
such failures are order within AWS; after that the outcome names the resources that stand in the way. `retain` leaves
those in the account by name, and lists them as kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from botocore import exceptions as aws

from chess_stacks.account import failure, states, timeline, watch
from chess_stacks.account.cloudformation import CloudFormation
from chess_stacks.account.environment import Environment
from chess_stacks.account.records import Deployed
from chess_stacks.deploy import schedule
from chess_stacks.deploy.outcome import Outcome
from chess_stacks.deploy.runner import Job, Runner
from chess_stacks.destroy import buckets, drain, protection, readers
from chess_stacks.destroy.drain import Kubernetes
from chess_stacks.destroy.protection import Protected
from chess_stacks.parts import names
from chess_stacks.synth import catalog

_TRIES = 2
_UNTOUCHED = "no stack was touched"
_UNDRAINED = "or add --no-drain and expect stuck deletions"


@dataclass(slots=True, kw_only=True)
class Destruction:
    """One run of `destroy`."""

    environment: Environment
    runner: Runner
    retain: frozenset[str] = frozenset()
    unprotect: bool = False
    empty_buckets: bool = False
    existing: dict[str, tuple[str, Deployed]] = field(default_factory=dict)
    protected: dict[str, tuple[Protected, ...]] = field(default_factory=dict)

    def select(self, keys: frozenset[str] | None = None) -> frozenset[str]:
        """Find these stacks, or all that there are; refuse what is protected before anything is touched."""
        self.existing = self.environment.existing()
        chosen = frozenset(self.existing) if keys is None else self._known(keys)
        for key in sorted(chosen):
            region, found = self.existing[key]
            cloud = self.environment.cloud(region)
            self.protected[key] = protection.find(self.environment.clients, cloud, key, found, self.retain)
        held = [str(item) for key in self._order(chosen) for item in self.protected[key]]
        if held and not self.unprotect:
            raise failure.Refused(
                f"protected against deletion: {', '.join(held)}",
                "nothing was touched; if you mean it, add --unprotect: it lifts each right before its stack is deleted",
            )
        return chosen

    def _known(self, keys: frozenset[str]) -> frozenset[str]:
        """Leave out what does not exist; refuse a name that no stack has."""
        known = {stack.key for stack in catalog.STACKS} | self.existing.keys()
        for key in sorted(keys - known):
            raise failure.Failure(f"--stack {key!r}: unknown; the stacks are {', '.join(sorted(known))}")
        return keys & frozenset(self.existing)

    def drain(self, connect: Callable[[], Kubernetes | None]) -> None:
        """Have the cluster release what it holds in AWS; refuse to go on with what would get a deletion stuck."""
        try:
            api = connect()
            left = drain.drain(api, self._draining, self.runner.backoff) if api is not None else ()
        except (aws.ClientError, aws.BotoCoreError, OSError) as error:
            explained = failure.explain(error, "could not ask the cluster what it holds in AWS")
            raise failure.Refused(
                explained.message,
                f"{_UNTOUCHED}; run it from a host that reaches the API server, "
                f"with credentials that may read and delete there, {_UNDRAINED}",
            ) from error
        if left:
            cluster = names.cluster_name(self.environment.env)
            raise failure.Refused(
                f"the cluster {cluster} still holds things in AWS: {'; '.join(left)}",
                f"{_UNTOUCHED}; run the same command to continue waiting, {_UNDRAINED}",
            )

    def _draining(self, what: str) -> None:
        self.runner.begin("eks-control", what)

    def run(self, chosen: frozenset[str]) -> list[Outcome]:
        """Delete the stacks that `select` has found."""
        needs = self._order(chosen)
        return self.runner.run(
            {key: self._job(key, needs[key]) for key in needs}, self._delete, "deleting", _waits
        )

    def _job(self, key: str, needs: frozenset[str]) -> Job:
        region, found = self.existing[key]
        return Job(key=key, name=found.name, cloud=self.environment.cloud(region), needs=needs)

    def _order(self, chosen: frozenset[str]) -> dict[str, frozenset[str]]:
        """Put dependents first; a stack that the profile has turned off goes where the catalog has it."""
        known = dict(self.environment.needs)
        ranks = {stack.key: rank for rank, stack in enumerate(catalog.STACKS)}
        for key in sorted(chosen - known.keys(), key=lambda key: ranks.get(key, len(ranks))):
            known[key] = frozenset(
                other for other in chosen if ranks.get(other, len(ranks)) < ranks.get(key, len(ranks))
            )
        return schedule.subset(schedule.reverse(known), chosen)

    def _delete(self, job: Job) -> Outcome:
        _, found = self.existing[job.key]
        self.runner.begin(job.key, "deleting")
        follower = self.runner.follow(job.cloud, job.key, found.stack_id)
        now: Deployed | None = found
        if states.moving(found.status):
            now = watch.until_settled(job.cloud, found.stack_id, follower, self.runner.backoff)
        self._prepare(job)
        for _ in range(_TRIES):
            if now is None or now.status == "DELETE_COMPLETE":
                break
            self._ask(job.cloud, now)
            now = watch.until_settled(job.cloud, found.stack_id, follower, self.runner.backoff)
        return self._outcome(job, now, follower)

    def _prepare(self, job: Job) -> None:
        """Take out of the way what keeps this stack from going, as far as the user allowed it."""
        clients = self.environment.clients
        for item in self.protected.get(job.key, ()):
            self.runner.begin(job.key, f"lifting the protection of {item}")
            protection.lift(clients, job.cloud, [item], self.runner.backoff)
        readers.remove(
            clients,
            job.cloud,
            job.name,
            lambda name: self.runner.begin(job.key, f"deleting autoscaled reader {name}"),
        )
        if self.empty_buckets:
            s3 = clients.get("s3", job.cloud.region)
            for resource in job.cloud.resources(job.name):
                if resource.resource_type == "AWS::S3::Bucket" and resource.physical_id:
                    buckets.empty(s3, resource.physical_id)

    def _ask(self, cloud: CloudFormation, found: Deployed) -> None:
        # CloudFormation takes a list of what to retain only after a delete has failed.
        stuck = (
            [item.logical_id for item in cloud.resources(found.name) if item.logical_id in self.retain]
            if found.status == "DELETE_FAILED"
            else []
        )
        cloud.client.delete_stack(StackName=found.name, **({"RetainResources": stuck} if stuck else {}))

    def _outcome(self, job: Job, now: Deployed | None, follower: watch.Follower) -> Outcome:
        gone = now is None or now.status == "DELETE_COMPLETE"
        kept = tuple(
            f"{event.logical_id} ({event.resource_type}) {event.physical_id}"
            for event in follower.events
            if event.status == "DELETE_SKIPPED"
        )
        causes = "; ".join(timeline.root_cause(follower.events))
        return Outcome(
            key=job.key,
            name=job.name,
            verdict="deleted" if gone else "failed",
            status="DELETE_COMPLETE" if now is None else now.status,
            reason="" if gone or now is None else causes or now.reason,
            advice="" if gone else self._after_failure(job.key),
            spans=timeline.spans(follower.events),
            kept=kept,
        )

    def _after_failure(self, key: str) -> str:
        lifted = ", ".join(str(item) for item in self.protected.get(key, ()))
        bare = f"; no longer protected: {lifted}" if lifted else ""
        return f"remove what stands in the way, or give it up with --retain LOGICAL_ID{bare}"


def _waits(job: Job, _done: Mapping[str, Outcome]) -> str:
    return f"waits for the deletion of {', '.join(sorted(job.needs))}" if job.needs else "not started"
