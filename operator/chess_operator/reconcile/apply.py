"""From a decision to writes. Every object is made whole and applied server-side, and only if it would change something.

Writes that can hurt carry the version that they were decided on: replicas down, drain marks, deletes. The others
don't: a pod's or Deployment's status changes all the time, and they would conflict for ever.
"""

import json
from typing import Any

from chess_operator import objects as build
from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import BUDGETS, DEPLOYMENTS, PODS, POLICIES, SERVICES, Kind
from chess_operator.decide.values import Colour, Decision, DeploymentPlan, Drain, Observed, Pod, Undrain
from chess_operator.kube.client import Kube, Manifest
from chess_operator.kube.mirror import Key, Mirror
from chess_operator.kube.secrets import StoreEndpoints
from chess_operator.objects.owner import Owner
from chess_operator.reconcile.observe import deployment


class Applier:
    """Writes for one ChessCluster, and remembers what it has written."""

    def __init__(self, kube: Kube, mirror: Mirror, key: Key) -> None:
        self._kube = kube
        self._mirror = mirror
        self._key = key
        self._applied: dict[tuple[Kind, str], tuple[str, str]] = {}

    async def children(
        self, owner: Owner, spec: ChessClusterSpec, stores: StoreEndpoints, decision: Decision
    ) -> None:
        """Apply what does not hang on the load: Services, budgets, the network policy."""
        for colour in decision.plans:
            await self.ensure(SERVICES, build.service(owner, colour))
            await self.ensure(BUDGETS, build.budget(owner, spec, colour))
        if spec.network_policy.enabled:
            await self.ensure(POLICIES, build.policy(owner, spec, (stores.redis_port, stores.database_port)))
        else:
            await self._remove(POLICIES, owner.name)

    async def out(self, owner: Owner, spec: ChessClusterSpec, decision: Decision, revision: str) -> None:
        """Apply the Deployments whose replicas do not go down."""
        for colour, plan in decision.plans.items():
            if plan.guard is None:
                await self.ensure(DEPLOYMENTS, self._deployment(owner, spec, colour, plan, revision))

    async def in_(self, owner: Owner, spec: ChessClusterSpec, decision: Decision, revision: str) -> None:
        """Lower replicas, on exactly the version that the decision saw."""
        for colour, plan in decision.plans.items():
            if plan.guard is not None:
                body = self._deployment(owner, spec, colour, plan, revision)
                await self.ensure(DEPLOYMENTS, body, guard=plan.guard)

    async def begin_drain(self, pod: Pod, drain: Drain) -> None:
        """Take a pod out of the Service, note its deadline and its cost, in one patch."""
        await self._patch_pod(
            pod,
            drain.resource_version,
            {labels.SERVING: None},
            {labels.DRAIN_DEADLINE: str(drain.deadline_ms), labels.DELETION_COST: str(drain.deletion_cost)},
        )

    async def end_drain(self, pod: Pod, _: Undrain) -> None:
        """Put a pod back into the Service."""
        await self._patch_pod(
            pod,
            pod.resource_version,
            {labels.SERVING: "true"},
            {labels.DRAIN_DEADLINE: None, labels.DELETION_COST: None},
        )

    async def costs(self, observed: Observed, decision: Decision) -> None:
        """Write the deletion costs that the ReplicaSet ranks by."""
        pods = {pod.uid: pod for pod in observed.pods}
        for uid, cost in decision.deletion_costs.items():
            if uid in pods:
                await self._patch_pod(
                    pods[uid], None, {}, {labels.DELETION_COST: str(cost) if cost else None}
                )

    async def ensure(self, kind: Kind, body: Manifest, *, guard: str | None = None) -> None:
        """Apply an object unless the live one is what was applied last time."""
        name = body["metadata"]["name"]
        digest = json.dumps(body, sort_keys=True)
        live = self._mirror.one(kind, self._key, name)
        if live is not None and self._applied.get((kind, name)) == (digest, _fingerprint(live)):
            return
        guarded = {**body, "metadata": {**body["metadata"], "resourceVersion": guard}} if guard else body
        # What we don't see is not there, or is somebody else's of the same name: that must not be taken from them.
        answer = await self._kube.apply(kind, guarded, force=live is not None)
        self._mirror.put(kind, answer)
        self._applied[kind, name] = (digest, _fingerprint(answer))

    def _deployment(
        self, owner: Owner, spec: ChessClusterSpec, colour: Colour, plan: DeploymentPlan, revision: str
    ) -> Manifest:
        live = deployment(self._mirror, self._key, colour)
        if plan.template == "keep" and live is not None:
            template = live["spec"]["template"]
        else:
            template = build.template(owner, spec, colour, revision)
        return build.deployment(owner, colour, plan.replicas, template)

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


def _fingerprint(live: Manifest) -> str:
    """Tell whether someone changed the object; the generation, where there is one, does not count status."""
    meta = live["metadata"]
    return f"{meta['uid']}/{meta.get('generation') or meta['resourceVersion']}"
