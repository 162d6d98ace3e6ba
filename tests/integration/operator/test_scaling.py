"""Out on load, in by the whole dance, on a real API server."""

import asyncio
import time

import pytest
from operator_fleet import Fleet, draining, notes, out_to, until
from operator_process import Process

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


async def test_makes_every_child_and_says_ready(operator: Process, fleet: Fleet) -> None:
    await fleet.create()
    await fleet.settled(1)
    for kind, name in ((SERVICES, "arena-blue"), (BUDGETS, "arena-blue"), (POLICIES, "arena")):
        assert await fleet.kube.get(kind, fleet.namespace, name) is not None
    await until(lambda: fleet.has("Ready", "True"))
    assert (await fleet.status())["phase"] == "Running"


async def test_scales_out_on_a_heartbeat(operator: Process, fleet: Fleet) -> None:
    await fleet.create()
    await fleet.settled(1)
    server = next(iter(fleet.servers.values()))
    server.connections = 35

    async def beaten() -> bool:
        return server.said == (35, False)

    await until(beaten)
    began = time.monotonic()

    async def out() -> bool:
        return await fleet.replicas() == 4

    await until(out, seconds=10, what="did not scale out")
    assert time.monotonic() - began < 5, "the reaction takes far longer than an event"
    await fleet.settled(4)
    assert (await fleet.status())["connections"] == 35
    notes = await until(lambda: fleet.events("ScaledOut"))
    assert "1 to 4" in notes[0]
    assert "35" in notes[0]


async def test_scales_in_by_the_whole_dance(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 4, 36)
    counts = dict(zip(fleet.running(), (1, 2, 8, 9), strict=True))
    few = set(list(counts)[:2])
    for uid, count in counts.items():
        fleet.servers[uid].connections = count

    await until(lambda: draining(fleet) == few, what=lambda: f"drained {draining(fleet)}, meant {few}")
    await until(lambda: all(fleet.servers[uid].draining for uid in few), what="no mark reached the pods")
    for uid in few:
        pod = fleet.pods[uid]
        assert labels.SERVING not in pod["metadata"]["labels"], "a draining pod is still in the Service"
        assert notes(pod)[labels.DELETION_COST] == "-1000000"
        assert "deletionTimestamp" not in pod["metadata"]
    assert await fleet.replicas() == 4, "replicas went down before the pods were empty"
    await until(lambda: fleet.has("Draining", "True"))
    assert (await fleet.status())["drainingReplicas"] == 2

    for uid in few:
        fleet.servers[uid].connections = 0
    await until(lambda: set(fleet.pods) == set(counts) - few, what="other pods than the drained ones went")
    await fleet.settled(2)
    await until(lambda: fleet.has("Draining", "False"))
    assert len(await until(lambda: fleet.events("DrainBegan"))) == 2
    await until(lambda: fleet.events("DrainDone"))


async def test_takes_back_a_draining_pod_before_it_makes_a_new_one(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 3, 30)
    for server in fleet.servers.values():
        server.connections = 4
    await until(lambda: len(draining(fleet)) == 1)
    drained = draining(fleet)
    await until(lambda: all(fleet.servers[uid].draining for uid in drained))
    before = set(fleet.pods)
    for server in fleet.servers.values():
        server.connections = 10
    await until(lambda: not draining(fleet), what="the draining pod was not taken back")
    await until(lambda: not any(server.draining for server in fleet.servers.values()))
    await fleet.settled(3)
    assert set(fleet.pods) == before
    assert all(pod["metadata"]["labels"][labels.SERVING] == "true" for pod in fleet.pods.values())
    assert all(labels.DELETION_COST not in notes(pod) for pod in fleet.pods.values())


async def test_a_mark_that_redis_lost_is_repeated(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    for server in fleet.servers.values():
        server.connections = 3
    await until(lambda: any(server.draining for server in fleet.servers.values()))
    drained = next(iter(draining(fleet)))
    fleet.servers[drained].draining = False  # as a server whose container has started anew
    from redis.asyncio import Redis

    from chess_presence import keys

    async with Redis.from_url(fleet.redis_url) as redis:
        await redis.delete(keys.drains(fleet.uid))
    await until(lambda: fleet.servers[drained].draining, what="the mark was not repeated")


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
    await until(lambda: fleet.has("Paused", "True"))
    for server in fleet.servers.values():
        server.connections = 25

    async def counted() -> bool:
        return (await fleet.status()).get("connections") == 50

    await until(counted, what="a paused cluster is still counted")
    assert await fleet.replicas() == 2
    await fleet.change(paused=False)
    await fleet.settled(5)


async def test_a_template_change_waits_for_the_last_player(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    before = await fleet.deployment()
    assert before is not None
    await fleet.change(server={"image": "chesscluster:next"})
    await until(lambda: fleet.has("RolloutPending", "True"))
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

    await until(renewed, what="an empty colour keeps its old template")
    await until(lambda: fleet.has("RolloutPending", "False"))


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

    await until(again)


async def test_replicas_that_someone_else_raised_go_again(operator: Process, fleet: Fleet) -> None:
    await fleet.create()
    await fleet.settled(1)
    await fleet.kube.merge(DEPLOYMENTS, fleet.namespace, "arena-blue", {"spec": {"replicas": 3}})
    await fleet.settled(1)


async def test_a_quiet_cluster_writes_nothing(operator: Process, fleet: Fleet) -> None:
    await out_to(fleet, 2, 20)
    await until(lambda: fleet.has("Progressing", "False"))
    await asyncio.sleep(2)  # what is asked is that nothing happens
    cluster, deployment = await fleet.cluster(), await fleet.deployment()
    assert deployment is not None
    await asyncio.sleep(3)
    assert (await fleet.cluster())["metadata"]["resourceVersion"] == cluster["metadata"]["resourceVersion"]
    again = await fleet.deployment()
    assert again is not None
    assert again["metadata"]["resourceVersion"] == deployment["metadata"]["resourceVersion"]
