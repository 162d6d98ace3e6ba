"""From a decision to writes: every object is made whole, and applied server-side only if that would change something.

Writes that can hurt carry the version that they were decided on: replicas down, drain marks, deletes. The others do
not: the status of a pod or Deployment changes all the time, and they would conflict again and again.
"""

import json
from typing import Any

from chess_operator import objects
from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import (
    BUDGETS,
    DEPLOYMENTS,
    PODS,
    POLICIES,
    SERVICES,
    Kind,
    Manifest,
)
from chess_operator.api.resources.names import Colour, Key
from chess_operator.decide.values import DeploymentPlan, DrainOrder, Observed, Pod
from chess_operator.kube.client import Kube
from chess_operator.kube.mirror import Mirror
from chess_operator.objects import Owner
from chess_operator.reconcile.observe import deployment
from chess_operator.report.context import Context


class Applier:
    """Writes for one ChessCluster, and remembers what it has written."""

    def __init__(self, kube: Kube, mirror: Mirror, key: Key) -> None:
        self._kube = kube
        self._mirror = mirror
        self._key = key
        self._applied: dict[tuple[Kind, str], tuple[str, str]] = {}

    async def children(self, context: Context) -> None:
        """Apply what does not depend on the load: Services, budgets, the network policy."""
        owner, spec = owner_of(context.observed), context.spec
        for colour in context.decision.plans:
            await self.ensure(SERVICES, objects.service(owner, colour))
            await self.ensure(BUDGETS, objects.budget(owner, spec, colour))
        if spec.network_policy.enabled:
            await self.ensure(POLICIES, objects.policy(owner, spec, context.store_ports))
        else:
            await self._remove(POLICIES, owner.name)

    async def scale_out(self, context: Context) -> None:
        """Apply the Deployments whose replicas do not go down."""
        for colour, plan in context.decision.plans.items():
            if plan.guard is None:
                await self.ensure(DEPLOYMENTS, self._deployment(context, colour, plan))

    async def scale_in(self, context: Context) -> None:
        """Lower replicas, on exactly the version that the decision saw."""
        for colour, plan in context.decision.plans.items():
            if plan.guard is not None:
                await self.ensure(DEPLOYMENTS, self._deployment(context, colour, plan), guard=plan.guard)

    async def begin_drain(self, pod: Pod, drain: DrainOrder) -> None:
        """Take a pod out of the Service and write its deadline and its cost, in one patch."""
        await self._patch_pod(
            pod,
            drain.resource_version,
            {labels.SERVING: None},
            {labels.DRAIN_DEADLINE: str(drain.deadline_ms), labels.DELETION_COST: str(drain.deletion_cost)},
        )

    async def end_drain(self, pod: Pod) -> None:
        """Put a pod back into the Service."""
        await self._patch_pod(
            pod,
            pod.resource_version,
            {labels.SERVING: "true"},
            {labels.DRAIN_DEADLINE: None, labels.DELETION_COST: None},
        )

    async def costs(self, context: Context) -> None:
        """Write the deletion costs that the ReplicaSet ranks by."""
        pods = {pod.uid: pod for pod in context.observed.pods}
        for uid, cost in context.decision.deletion_costs.items():
            if uid in pods:
                await self._patch_pod(
                    pods[uid], None, {}, {labels.DELETION_COST: str(cost) if cost else None}
                )

    async def ensure(self, kind: Kind, body: Manifest, *, guard: str | None = None) -> None:
        """Apply an object, unless the live one is what was applied last time."""
        name = body["metadata"]["name"]
        digest = json.dumps(body, sort_keys=True)
        live = self._mirror.one(kind, self._key, name)
        if live is not None and self._applied.get((kind, name)) == (digest, _fingerprint(live)):
            return
        guarded = {**body, "metadata": {**body["metadata"], "resourceVersion": guard}} if guard else body
        # An object that we do not see does not exist, or is somebody else's of the same name: no force, then.
        answer = await self._kube.apply(kind, guarded, force=live is not None)
        self._mirror.put(kind, answer)
        self._applied[kind, name] = (digest, _fingerprint(answer))

    def _deployment(self, context: Context, colour: Colour, plan: DeploymentPlan) -> Manifest:
        owner = owner_of(context.observed)
        live = deployment(self._mirror, self._key, colour)
        if plan.template == "keep" and live is not None:
            template = live["spec"]["template"]
        else:
            template = objects.template(owner, context.spec, colour, context.observed.revision)
        return objects.deployment(owner, colour, plan.replicas, template)

    async def _patch_pod(
        self,
        pod: Pod,
        resource_version: str | None,
        pod_labels: dict[str, str | None],
        annotations: dict[str, str | None],
    ) -> None:
        meta: dict[str, Any] = {"uid": pod.uid, "annotations": annotations}
        if pod_labels:
            meta["labels"] = pod_labels
        if resource_version is not None:
            meta["resourceVersion"] = resource_version
        answer = await self._kube.merge(PODS, self._key.namespace, pod.name, {"metadata": meta})
        self._mirror.put(PODS, answer)

    async def _remove(self, kind: Kind, name: str) -> None:
        live = self._mirror.one(kind, self._key, name)
        if live is not None and "deletionTimestamp" not in live["metadata"]:
            version = live["metadata"]["resourceVersion"]
            await self._kube.delete(kind, self._key.namespace, name, resource_version=version)


def owner_of(observed: Observed) -> Owner:
    """Return the owner of a ChessCluster's children."""
    return Owner(name=observed.name, namespace=observed.namespace, uid=observed.uid)


def _fingerprint(live: Manifest) -> str:
    """Make a value that differs if somebody changed the object; a generation, where there is one, ignores status."""
    meta = live["metadata"]
    return f"{meta['uid']}/{meta.get('generation') or meta['resourceVersion']}"
