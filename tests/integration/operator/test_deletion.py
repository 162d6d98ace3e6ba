"""A ChessCluster goes, in every way that it can: nothing hangs, nothing is left."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from api_server import NAMESPACES
from operator_fleet import Fleet, out_to
from operator_process import Process
from polling import eventually
from redis.asyncio import Redis

from chess_localcluster.stores.store import Store
from chess_operator.api.resources.kinds import CHILDREN, CLUSTERS, PODS, SECRETS
from chess_operator.api.resources.names import token_keys_name
from chess_operator.kube.client import CONFLICT, ApiError

pytestmark = pytest.mark.integration
GC_SECONDS = 60.0
"""The garbage collector looks for new kinds every 30 s, and the CRD may be younger."""


async def nothing_left(fleet: Fleet) -> bool:
    for kind in (CLUSTERS, PODS, *CHILDREN):
        listed = await fleet.kube._request("GET", kind.path(fleet.namespace))
        if listed["items"]:
            return False
    return await fleet.kube.get(SECRETS, fleet.namespace, token_keys_name(fleet.name)) is None


async def delete(fleet: Fleet, policy: str) -> None:
    path = CLUSTERS.path(fleet.namespace, fleet.name)
    await fleet.kube._write("DELETE", path, body={"propagationPolicy": policy})


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_deleting_leaves_nothing(operator: Process, fleet: Fleet, policy: str) -> None:
    await out_to(fleet, 2, 20)
    await delete(fleet, policy)
    await eventually(lambda: nothing_left(fleet), "something was left", within=GC_SECONDS)
    async with Redis.from_url(fleet.redis_url) as redis:

        async def cleared() -> bool:
            return not await redis.keys("chess:*")

        await eventually(cleared, "presence was left in Redis")


async def test_removing_ends_with_the_last_pod(
    operator: Process, fleet: Fleet, control_plane: Path, operator_kubeconfig: Path
) -> None:
    """What `helm uninstall` waits for before the way in goes."""
    await out_to(fleet, 2, 20)
    code, error = await _remove(fleet, operator_kubeconfig)
    assert (code, error.count("\n")) == (1, 1), "the operator itself may not delete a ChessCluster"
    assert "403" in error
    assert (await _remove(fleet, control_plane))[0] == 0
    assert await nothing_left(fleet)
    assert (await _remove(fleet, control_plane))[0] == 0, "one that is gone already is fine"


async def _remove(fleet: Fleet, kubeconfig: Path) -> tuple[int | None, str]:
    """Run `chess-operator remove` to its end."""
    command = (sys.executable, "-m", "chess_operator", "remove", fleet.name, f"--namespace={fleet.namespace}")
    process = await asyncio.create_subprocess_exec(
        *command, f"--kubeconfig={kubeconfig}", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(GC_SECONDS):
        _, error = await process.communicate()
    return process.returncode, error.decode()


async def test_deleting_while_redis_is_gone(operator: Process, fleet: Fleet, redis_store: Store) -> None:
    await out_to(fleet, 2, 20)
    redis_store.signal(signal.SIGSTOP)
    try:
        await delete(fleet, "Background")
        await eventually(lambda: nothing_left(fleet), "the deletion hangs on Redis", within=GC_SECONDS)
    finally:
        redis_store.signal(signal.SIGCONT)


async def test_deleting_the_namespace(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    await fleet.kube._write("DELETE", NAMESPACES.path(None, fleet.namespace))

    async def gone() -> bool:
        return await fleet.kube.get(NAMESPACES, None, fleet.namespace) is None

    await eventually(gone, "the namespace hangs", within=GC_SECONDS)


async def test_deleting_one_without_its_secret(operator: Process, fleet: Fleet) -> None:
    await fleet.create(redis={"urlSecretRef": {"name": "nowhere", "key": "url"}})
    await fleet.shows("Ready", "False", "SecretNotFound")
    await delete(fleet, "Background")
    await eventually(lambda: nothing_left(fleet), "something was left", within=GC_SECONDS)


async def test_the_same_name_again_is_a_new_cluster(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    old = fleet.uid
    await delete(fleet, "Foreground")
    await eventually(lambda: nothing_left(fleet), "something was left", within=GC_SECONDS)
    await fleet.create()
    assert fleet.uid != old
    await fleet.settled(1)
    await fleet.shows("Ready", "True", within=60)


async def test_the_same_name_at_once_does_not_inherit_the_old_ones_pods(
    operator: Process, fleet: Fleet
) -> None:
    """`kubectl replace --force`: the old Deployment is still there when the new ChessCluster comes.

    Its pods heartbeat for the old one; whoever took them over would never see a complete census again.
    """
    await out_to(fleet, 2, 20)
    old = fleet.uid
    await delete(fleet, "Background")

    async def made() -> bool:
        try:
            await fleet.create()
        except ApiError as error:
            return error.status != CONFLICT
        return True

    await eventually(made, "the new ChessCluster cannot be created")
    assert fleet.uid != old

    async def ours() -> bool:
        found = await fleet.deployment()
        if found is None:
            return False
        env = found["spec"]["template"]["spec"]["containers"][0]["env"]
        return {"name": "CHESS_CLUSTER_UID", "value": fleet.uid} in env

    await eventually(ours, "the pods are the old ones'", within=GC_SECONDS)
    await fleet.settled(1)
    await fleet.shows("Ready", "True")
    await fleet.shows("Degraded", "False")
