"""Take an environment down: drain the cluster, delete stacks in reverse order, say what is left.

What is protected is named before anything is touched. A stack that is DELETE_FAILED is tried once more, because most
such failures are order within AWS; then it says which resources stand in the way. `retain` gives those up to the
account by name, and lists them as kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from botocore import exceptions as aws

from chess_stacks.account import failure, states, timeline, watch
from chess_stacks.account.cloudformation import CloudFormation, Deployed
from chess_stacks.account.environment import Environment
from chess_stacks.deploy import schedule
from chess_stacks.deploy.outcome import Begun, Ended, Happened, Notify, Outcome
from chess_stacks.destroy import drain, protection, readers
from chess_stacks.destroy.drain import Kubernetes
from chess_stacks.destroy.protection import Protected
from chess_stacks.parts import names
from chess_stacks.synth import catalog

_TRIES = 2
_DRAIN_TURNS = 60
UNTOUCHED = "no stack was touched"
UNDRAINED = "or add --no-drain and expect stuck deletions"


@dataclass(slots=True, kw_only=True)
class Destruction:
    """One run of `destroy`."""

    environment: Environment
    notify: Notify
    clock: Callable[[], float]
    backoff: watch.Backoff = field(default_factory=watch.Backoff)
    retain: frozenset[str] = frozenset()
    unprotect: bool = False
    empty_buckets: bool = False
    parallel: int = 4
    existing: dict[str, tuple[str, Deployed]] = field(default_factory=dict)
    protected: dict[str, tuple[Protected, ...]] = field(default_factory=dict)

    def look(self, keys: frozenset[str] | None = None) -> frozenset[str]:
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
                "nothing was touched; if you mean it, add --unprotect, which lifts each right before its stack goes",
            )
        return chosen

    def _known(self, keys: frozenset[str]) -> frozenset[str]:
        """Leave out what is not there; refuse a name that no stack has."""
        known = {stack.key for stack in catalog.STACKS} | self.existing.keys()
        for key in sorted(keys - known):
            raise failure.Failure(f"--stack {key!r} is no stack; allowed: {', '.join(sorted(known))}")
        return keys & frozenset(self.existing)

    def run(self, chosen: frozenset[str]) -> list[Outcome]:
        """Delete the stacks that `look` has found."""
        needs = self._order(chosen)
        done = schedule.run(
            needs,
            self._one,
            lambda outcome: outcome.good,
            parallel=self.parallel,
            interrupted=self.backoff.stop.set,
        )
        return [*done.values(), *(self._waiting(key, needs[key]) for key in needs if key not in done)]

    def drain(self, connect: Callable[[], Kubernetes | None]) -> tuple[str, ...]:
        """Have the cluster release what it holds; return what it did not release in time."""
        try:
            api = connect()
            if api is None:
                return ()
            for held in drain.stop_syncers(api):
                self.notify(Begun("eks-control", f"stopping {held}"))
            return self._until_drained(api)
        except (aws.ClientError, aws.BotoCoreError, OSError) as error:
            told = failure.explain(error, "the cluster could not be asked what it holds in AWS")
            raise failure.Refused(
                told.message,
                f"{UNTOUCHED}; run this where its API server can be reached, with rights there, {UNDRAINED}",
            ) from error

    def _until_drained(self, api: Kubernetes) -> tuple[str, ...]:
        asked: dict[str, str] = {}
        for turn in range(_DRAIN_TURNS):
            left = drain.holders(api)
            if not left:
                return ()
            for held in drain.release(api, left):
                asked[held.path] = asked.get(held.path, held.uid)
                self.notify(Begun("eks-control", f"draining {held}"))
            self.backoff.pause(turn)
        return tuple(
            f"{held} (somebody makes it anew)" if asked.get(held.path, held.uid) != held.uid else str(held)
            for held in left
        )

    def _order(self, chosen: frozenset[str]) -> dict[str, frozenset[str]]:
        """Dependents first; a stack that the profile has turned off goes where the catalog has it."""
        known = dict(self.environment.needs)
        ranks = {stack.key: rank for rank, stack in enumerate(catalog.STACKS)}
        for key in sorted(chosen - known.keys(), key=lambda key: ranks.get(key, len(ranks))):
            known[key] = frozenset(
                other for other in chosen if ranks.get(other, len(ranks)) < ranks.get(key, len(ranks))
            )
        return schedule.subset(schedule.reverse(known), chosen)

    def _one(self, key: str) -> Outcome:
        outcome = self._guarded(key, self.clock())
        self.notify(Ended(outcome))
        return outcome

    def _guarded(self, key: str, begun: float) -> Outcome:
        region, found = self.existing[key]
        try:
            return self._delete(self.environment.cloud(region), key, found, begun)
        except watch.Interrupted:
            return Outcome(
                key=key,
                name=found.name,
                verdict="interrupted",
                seconds=self.clock() - begun,
                reason="you stopped waiting; CloudFormation goes on by itself",
                advice="run the same command again to pick it up",
            )
        except (failure.Failure, aws.ClientError, aws.BotoCoreError) as error:
            told = failure.explain(error, f"deleting {found.name}")
            return Outcome(
                key=key,
                name=found.name,
                verdict="failed",
                seconds=self.clock() - begun,
                reason=told.message,
                advice=told.advice,
            )

    def _delete(self, cloud: CloudFormation, key: str, found: Deployed, begun: float) -> Outcome:
        self.notify(Begun(key, "deleting"))
        follower = watch.Follower(
            cloud=cloud, stack=found.stack_id, notify=lambda event: self.notify(Happened(key, event))
        )
        follower.skip_past()
        now: Deployed | None = found
        if states.moving(found.status):
            now = watch.until_settled(cloud, found.stack_id, follower, self.backoff)
        self._prepare(cloud, key, found)
        for _ in range(_TRIES):
            if now is None or now.status == "DELETE_COMPLETE":
                break
            self._ask(cloud, now)
            now = watch.until_settled(cloud, found.stack_id, follower, self.backoff)
        return self._outcome(key, found, now, follower, begun)

    def _prepare(self, cloud: CloudFormation, key: str, found: Deployed) -> None:
        """Take out of the way what keeps this stack from going, as far as the user allowed it."""
        clients = self.environment.clients
        for item in self.protected.get(key, ()):
            self.notify(Begun(key, f"lifting the protection of {item}"))
            protection.lift(clients, cloud, [item], self.backoff)
        readers.remove(
            clients,
            cloud,
            found.name,
            lambda name: self.notify(Begun(key, f"deleting autoscaled reader {name}")),
        )
        if self.empty_buckets:
            self._empty(cloud, found.name)

    def _ask(self, cloud: CloudFormation, found: Deployed) -> None:
        # CloudFormation takes a list of what to retain only after a delete has failed.
        stuck = (
            [item.logical_id for item in cloud.resources(found.name) if item.logical_id in self.retain]
            if found.status == "DELETE_FAILED"
            else []
        )
        cloud.client.delete_stack(StackName=found.name, **({"RetainResources": stuck} if stuck else {}))

    def _empty(self, cloud: CloudFormation, name: str) -> None:
        s3 = self.environment.clients.get("s3", cloud.region)
        for item in cloud.resources(name):
            if item.resource_type == "AWS::S3::Bucket" and item.physical_id:
                for page in s3.get_paginator("list_object_versions").paginate(Bucket=item.physical_id):
                    objects = [
                        {"Key": entry["Key"], "VersionId": entry["VersionId"]}
                        for entry in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                    ]
                    if objects:
                        s3.delete_objects(Bucket=item.physical_id, Delete={"Objects": objects, "Quiet": True})

    def _outcome(
        self, key: str, found: Deployed, now: Deployed | None, follower: watch.Follower, begun: float
    ) -> Outcome:
        gone = now is None or now.status == "DELETE_COMPLETE"
        kept = tuple(
            f"{event.logical_id} ({event.resource_type}) {event.physical_id}"
            for event in follower.events
            if event.status == "DELETE_SKIPPED"
        )
        causes = "; ".join(timeline.root_cause(follower.events))
        return Outcome(
            key=key,
            name=found.name,
            verdict="deleted" if gone else "failed",
            status="DELETE_COMPLETE" if now is None else now.status,
            seconds=self.clock() - begun,
            reason="" if gone or now is None else causes or now.reason,
            advice="" if gone else self._after_failure(key),
            spans=timeline.spans(follower.events),
            kept=kept,
        )

    def _after_failure(self, key: str) -> str:
        lifted = ", ".join(str(item) for item in self.protected.get(key, ()))
        bare = f"; no longer protected: {lifted}" if lifted else ""
        return f"remove what stands in the way, or give it up with --retain LOGICAL_ID{bare}"

    def _waiting(self, key: str, needs: frozenset[str]) -> Outcome:
        reason = f"waits until {', '.join(sorted(needs))} are gone" if needs else "not begun"
        return Outcome(key=key, name=self.existing[key][1].name, verdict="waiting", reason=reason)


def cluster(environment: Environment) -> tuple[str, str]:
    """Name the EKS cluster of an environment and its region."""
    return names.cluster_name(environment.env), environment.assembly.profile.region
