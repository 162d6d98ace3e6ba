"""Scale-out on load and scale-in by every step, on a real API server."""

import asyncio
import time

import pytest
from operator_fleet import Fleet, draining, notes, out_to
from operator_process import Process
from polling import eventually

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import (
    BUDGETS,
    CLUSTERS,
    DEPLOYMENTS,
    POLICIES,
    SERVICES,
    Kind,
)

pytestmark = pytest.mark.integration


async def test_makes_every_child_and_reports_ready(operator: Process, fleet: Fleet) -> None:
    await fleet.create()
    await fleet.settled(1)
    for kind, name in ((SERVICES, "arena-blue"), (BUDGETS, "arena-blue"), (POLICIES, "arena")):
        assert await fleet.kube.get(kind, fleet.namespace, name) is not None
    await fleet.shows("Ready", "True")
    assert (await fleet.status())["phase"] == "Running"


async def test_scales_out_on_a_heartbeat(operator: Process, fleet: Fleet) -> None:
    await fleet.create()
    await fleet.settled(1)
    server = next(iter(fleet.servers.values()))
    server.connections = 35

    async def beaten() -> bool:
        return server.sent == (35, False)

    await eventually(beaten, "the heartbeat was not sent")
    began = time.monotonic()

    async def out() -> bool:
        return await fleet.replicas() == 4

    await eventually(out, "did not scale out", within=60)
    assert time.monotonic() - began < 5, "the reaction takes far longer than an event"
    await fleet.settled(4)
    assert (await fleet.status())["connections"] == 35
    notes = await eventually(lambda: fleet.events("ScaledOut"), "there is no event ScaledOut")
    assert "1 to 4" in notes[0]
    assert "35" in notes[0]


async def test_scales_in_step_by_step(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 4, 36)
    counts = dict(zip(fleet.running(), (1, 2, 8, 9), strict=True))
    few = set(list(counts)[:2])
    for uid, count in counts.items():
        fleet.servers[uid].connections = count

    await eventually(lambda: draining(fleet) == few, lambda: f"drained {draining(fleet)}, meant {few}")
    await eventually(lambda: all(fleet.servers[uid].draining for uid in few), "no mark reached the pods")
    for uid in few:
        pod = fleet.pods[uid]
        assert labels.SERVING not in pod["metadata"]["labels"], "a draining pod is still in the Service"
        assert notes(pod)[labels.DELETION_COST] == "-1000000"
        assert "deletionTimestamp" not in pod["metadata"]
    assert await fleet.replicas() == 4, "replicas went down before the pods were empty"
    await fleet.shows("Draining", "True")
    assert (await fleet.status())["drainingReplicas"] == 2

    for uid in few:
        fleet.servers[uid].connections = 0
    await eventually(lambda: set(fleet.pods) == set(counts) - few, "other pods than the drained ones went")
    await fleet.settled(2)
    await fleet.shows("Draining", "False")
    assert len(await eventually(lambda: fleet.events("DrainBegan"), "there is no event DrainBegan")) == 2
    await eventually(lambda: fleet.events("DrainDone"), "there is no event DrainDone")


async def test_takes_back_a_draining_pod_before_it_makes_a_new_one(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 3, 30)
    for server in fleet.servers.values():
        server.connections = 4
    await eventually(lambda: len(draining(fleet)) == 1, "no pod drains")
    drained = draining(fleet)
    await eventually(lambda: all(fleet.servers[uid].draining for uid in drained), "no mark reached the pods")
    before = set(fleet.pods)
    for server in fleet.servers.values():
        server.connections = 10
    await eventually(lambda: not draining(fleet), "the draining pod was not taken back")
    await eventually(
        lambda: not any(server.draining for server in fleet.servers.values()), "a pod still drains"
    )
    await fleet.settled(3)
    assert set(fleet.pods) == before
    assert all(pod["metadata"]["labels"][labels.SERVING] == "true" for pod in fleet.pods.values())
    assert all(labels.DELETION_COST not in notes(pod) for pod in fleet.pods.values())


async def test_a_mark_that_redis_lost_is_repeated(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    for server in fleet.servers.values():
        server.connections = 3
    await eventually(lambda: any(server.draining for server in fleet.servers.values()), "no pod drains")
    drained = next(iter(draining(fleet)))
    fleet.servers[drained].draining = False  # as a server whose container has started anew
    from redis.asyncio import Redis

    from chess_presence import keys

    async with Redis.from_url(fleet.redis_url) as redis:
        await redis.delete(keys.drains(fleet.uid))
    await eventually(lambda: fleet.servers[drained].draining, "the mark was not repeated")


async def test_external_mode_follows_scale(operator: Process, fleet: Fleet) -> None:
    await fleet.create(scaling={"mode": "External"}, replicas=2)
    await fleet.settled(2)
    scale = CLUSTERS.path(fleet.namespace, fleet.name, "scale")
    body = {"spec": {"replicas": 4}}
    await fleet.kube._write("PATCH", scale, body=body, content_type="application/merge-patch+json")
    await fleet.settled(4)
    answer = await fleet.kube._request("GET", scale)
    assert answer["status"]["replicas"] == 4
    assert answer["status"]["selector"] == f"{labels.CLUSTER}=arena"


async def test_paused_leaves_everything_as_it_is(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    await fleet.change(paused=True)
    await fleet.shows("Paused", "True")
    for server in fleet.servers.values():
        server.connections = 25

    async def counted() -> bool:
        return (await fleet.status()).get("connections") == 50

    await eventually(counted, "a paused cluster is still counted")
    assert await fleet.replicas() == 2
    await fleet.change(paused=False)
    await fleet.settled(5)


async def test_a_template_change_waits_for_the_last_player(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    before = await fleet.deployment()
    assert before is not None
    await fleet.change(server={"image": "chesscluster:next"})
    await fleet.shows("RolloutPending", "True")
    waiting = await fleet.deployment()
    assert waiting is not None
    assert waiting["spec"]["template"] == before["spec"]["template"]
    assert waiting["metadata"]["generation"] == before["metadata"]["generation"]
    for server in fleet.servers.values():
        server.connections = 0

    async def renewed() -> bool:
        found = await fleet.deployment()
        assert found is not None
        image: str = found["spec"]["template"]["spec"]["containers"][0]["image"]
        return image == "chesscluster:next"

    await eventually(renewed, "an empty colour keeps its old template")
    await fleet.shows("RolloutPending", "False")


@pytest.mark.parametrize(
    "kind, name", [(SERVICES, "arena-blue"), (BUDGETS, "arena-blue"), (POLICIES, "arena")]
)
async def test_a_child_that_was_deleted_is_made_again(
    operator: Process, fleet: Fleet, kind: Kind, name: str
) -> None:
    await fleet.create()
    await fleet.settled(1)
    before = await fleet.kube.get(kind, fleet.namespace, name)
    assert before is not None
    await fleet.kube._write("DELETE", kind.path(fleet.namespace, name))

    async def again() -> bool:
        found = await fleet.kube.get(kind, fleet.namespace, name)
        return found is not None and found["metadata"]["uid"] != before["metadata"]["uid"]

    await eventually(again, "the child was not made again")


async def test_replicas_that_someone_else_raised_go_again(operator: Process, fleet: Fleet) -> None:
    await fleet.create()
    await fleet.settled(1)
    await fleet.kube.merge(DEPLOYMENTS, fleet.namespace, "arena-blue", {"spec": {"replicas": 3}})
    await fleet.settled(1)


async def test_a_quiet_cluster_writes_nothing(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    await fleet.shows("Progressing", "False")
    await asyncio.sleep(2)  # what is asked is that nothing happens
    cluster, deployment = await fleet.cluster(), await fleet.deployment()
    assert deployment is not None
    await asyncio.sleep(3)
    assert (await fleet.cluster())["metadata"]["resourceVersion"] == cluster["metadata"]["resourceVersion"]
    again = await fleet.deployment()
    assert again is not None
    assert again["metadata"]["resourceVersion"] == deployment["metadata"]["resourceVersion"]
