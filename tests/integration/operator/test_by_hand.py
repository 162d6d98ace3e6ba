"""What people do with kubectl: remove labels, put pods aside, restart. Nobody is dropped for it."""

import base64

import pytest
from operator_fleet import Fleet, draining, out_to
from operator_process import Process
from polling import eventually

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import DEPLOYMENTS, PODS, SECRETS, Kind
from chess_operator.api.resources.names import token_keys_name

pytestmark = pytest.mark.integration
QUOTAS = Kind("", "v1", "resourcequotas", "ResourceQuota")


async def test_a_deployment_that_loses_its_labels_keeps_its_pods(operator: Process, fleet: Fleet) -> None:
    """Without them it leaves the watch: to the operator it is gone."""
    quiet = {"scaleDown": {"stabilizationWindowSeconds": 300}}
    await out_to(fleet, 3, 30, scaling={"behavior": quiet})
    before = set(fleet.running())
    fleet.share(10)  # wants 1: what is made anew by the load alone would take two pods with it
    await eventually(
        lambda: all(one.sent == (one.connections, False) for one in fleet.servers.values()),
        "not every heartbeat was sent",
    )
    name = f"{fleet.name}-blue"
    patch = {"metadata": {"labels": {labels.MANAGED_BY: None}}}
    await fleet.kube.merge(DEPLOYMENTS, fleet.namespace, name, patch)

    async def labelled() -> bool:
        found = await fleet.deployment()
        return found is not None and labels.MANAGED_BY in found["metadata"]["labels"]

    await eventually(labelled, "the Deployment has no labels")
    assert await fleet.replicas() == 3
    await fleet.settled(3)
    assert set(fleet.running()) == before
    assert not draining(fleet)


async def test_a_pod_that_was_put_aside_is_replaced_and_forgotten(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 3, 30)
    uid, body = next(iter(fleet.pods.items()))
    name = body["metadata"]["name"]
    await fleet.kube.merge(
        PODS, fleet.namespace, name, {"metadata": {"labels": {labels.CLUSTER: None, labels.COLOUR: None}}}
    )
    await eventually(lambda: len(fleet.running()) == 4, "the ReplicaSet makes another")
    await fleet.kube._write("DELETE", PODS.path(fleet.namespace, name))
    await eventually(lambda: uid not in fleet.pods, "the pod is still there")
    await eventually(lambda: fleet.has("ScalingActive", "True"), "it is still counted")
    fleet.share(0)
    await eventually(lambda: fleet.replicas_are(1), "nothing is scaled in any more")


async def test_a_restart_rolls_through(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 3, 30)
    before = set(fleet.running())
    stamp = {"kubectl.kubernetes.io/restartedAt": "2026-11-21T10:00:00Z"}
    patch = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
    await fleet.kube.merge(DEPLOYMENTS, fleet.namespace, f"{fleet.name}-blue", patch)
    await eventually(
        lambda: len(fleet.running()) >= 3 and not before & set(fleet.pods),
        "the restart did not replace every pod",
    )
    await fleet.shows("AbleToScale", "True")
    fleet.share(0)
    await eventually(lambda: fleet.replicas_are(1), "nothing is scaled in any more")


async def test_keys_of_tokens_are_made_before_pods_and_a_rotation_by_hand_stays(
    operator: Process, fleet: Fleet
) -> None:
    await out_to(fleet, 1, 5)
    name = token_keys_name(fleet.name)
    made = await fleet.kube.get(SECRETS, fleet.namespace, name)
    assert made is not None
    assert [one["uid"] for one in made["metadata"]["ownerReferences"]] == [fleet.uid]
    assert not {key for key in made["metadata"].get("annotations") or {} if "argocd" in key}
    rotated = base64.b64encode(b"n" * 43 + b"\n" + base64.b64decode(made["data"]["keys"])).decode()
    patched = await fleet.kube.merge(SECRETS, fleet.namespace, name, {"data": {"keys": rotated}})
    fleet.share(30)
    await fleet.settled(3)
    now = await fleet.kube.get(SECRETS, fleet.namespace, name)
    assert now is not None
    assert (now["data"], now["metadata"]["resourceVersion"]) == (
        {"keys": rotated},
        patched["metadata"]["resourceVersion"],
    )


async def test_a_fleet_grows_while_the_keys_of_its_tokens_cannot_be_made(
    operator: Process, fleet: Fleet
) -> None:
    """A quota, a webhook, or an operator whose rights are of the version before."""
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"count/secrets": "2"}}}
    await fleet.kube.create(QUOTAS, fleet.namespace, quota)
    await out_to(fleet, 3, 30)
    await fleet.shows("Degraded", "True", "TokenKeysMissing")
    await fleet.kube._write("DELETE", QUOTAS.path(fleet.namespace, "none"))
    await fleet.shows("Degraded", "False", within=60.0)
    assert await fleet.kube.get(SECRETS, fleet.namespace, token_keys_name(fleet.name)) is not None
