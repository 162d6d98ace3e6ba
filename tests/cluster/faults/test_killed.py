"""kill -9: of a server pod's process, of the operator that leads. Nobody is lost, nothing is done twice."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from arena import Arena, eventually, kill_server

from chess_bench.bots.fleet import Fleet
from chess_bench.cluster.kubectl import Kubectl
from chess_presence.registry import TTL_SECONDS

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]


async def census(arena: Arena) -> int:
    async with arena.registry() as registry:
        reading = await registry.read()
    return sum(beat.connections for beat in reading.records.values())


async def test_killed_server_pod(make_arena: Any) -> None:
    async with make_arena() as arena, arena.players(60) as fleet:
        victim = (await arena.pods())[0]
        kill_server(victim)

        async def right() -> bool:
            return await census(arena) == fleet.counts.connections == 60

        await eventually(right, lambda: f"the census is right: {fleet.counts}", within=TTL_SECONDS + 10)
        report = await fleet.finish(150)
        assert report.counts.dropped > 0, "the victim held nobody, so nothing was shown"
        assert (report.counts.lost, report.lost_players, report.stranded) == (0, (), ())
        assert report.counts.resumed >= report.counts.dropped


async def holder(kubectl: Kubectl) -> str:
    lease = await kubectl.get("/apis/coordination.k8s.io/v1/namespaces/chess-system/leases/chess-operator")
    identity: str = lease["spec"].get("holderIdentity") or ""
    return identity


async def operator_pod(kubectl: Kubectl, identity: str) -> dict[str, Any]:
    pods = (await kubectl.get("/api/v1/namespaces/chess-system/pods"))["items"]
    return next(pod for pod in pods if identity.startswith(pod["metadata"]["name"]))


def processes_of(pod: dict[str, Any]) -> list[int]:
    """Return the pod's process ids, by the cgroup that the kubelet named after its uid."""
    uid = pod["metadata"]["uid"]
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (
                f"pod{uid}" in (path / "cgroup").read_text()
                and b"chess-operator" in (path / "cmdline").read_bytes()
            ):
                found.append(int(path.name))
        except OSError:
            continue
    return found


async def replica_changes(arena: Arena, fleet: Fleet, steps: list[int], until: int) -> None:
    """Note each replica count that the Deployment is given, until it has the one wanted."""
    path = f"/apis/apps/v1/namespaces/{arena.namespace}/deployments"
    async for event in arena.kubectl.watch(path):
        items = event["object"]["items"] if event["type"] == "LISTED" else [event["object"]]
        for item in items:
            replicas = item["spec"]["replicas"]
            if not steps or steps[-1] != replicas:
                steps.append(replicas)
            if replicas == until:
                return


async def test_killed_operator(make_arena: Any) -> None:
    async with make_arena(per_replica=20, maximum=4) as arena, arena.players(30) as fleet:
        first = await holder(arena.kubectl)
        steps: list[int] = []
        watcher = asyncio.create_task(replica_changes(arena, fleet, steps, 4))
        pids = processes_of(await operator_pod(arena.kubectl, first))
        assert pids, f"no process of {first}"
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        await fleet.join(40)

        async def taken_over() -> bool:
            return await holder(arena.kubectl) not in ("", first)

        await eventually(taken_over, "another operator leads")
        async with asyncio.timeout(60):
            await watcher
        assert steps == [2, 4], "scaled out once, in one step"
        await eventually(lambda: arena.ready_pods(4), "4 ready pods", within=60)
        scaled_out = [
            event
            for event in await arena.events()
            if "4" in event["message"] and "ScaledOut" in event["reason"]
        ]
        assert sum(event.get("count") or 1 for event in scaled_out) <= 1
        report = await fleet.finish(150)
        assert (report.counts.dropped, report.counts.lost) == (0, 0)
