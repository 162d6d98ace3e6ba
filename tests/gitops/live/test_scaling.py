"""Whoever scales, Argo CD leaves it alone."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

import pytest
from gitops_world import World
from watched import watched

from chess_bench.bots.fleet import Fleet
from chess_bench.cluster.polling import until
from chess_bench.gitops.service import APPLICATIONS, CLUSTERS, GAMES

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
LOAD_SECONDS = float(os.environ.get("GITOPS_LOAD_SECONDS", "40"))
"""300 is what the service promises; 40 see one of the same swings."""
CALM, BUSY = 6, 36
SWING_SECONDS = 20


def _sync(found: dict[str, Any]) -> str | None:
    sync: str | None = found.get("status", {}).get("sync", {}).get("status")
    return sync if found["metadata"]["name"] == "chess" else None


def _desired(found: dict[str, Any]) -> int | None:
    desired: int | None = found.get("status", {}).get("desiredReplicas")
    return desired


@pytest.mark.timeout(LOAD_SECONDS + 400)
async def test_changing_load_never_makes_it_out_of_sync(
    world: World, fleet: Callable[[int, int], Fleet], figures: Callable[..., None]
) -> None:
    world.edit(
        lambda spec: spec["scaling"].update(minReplicas=1, maxReplicas=3, targetConnectionsPerReplica=15)
    )
    await world.settled("chess", revision=world.push("Scale early, to see it"))
    async with (
        watched(world.kubectl, APPLICATIONS, _sync) as sync,
        watched(world.kubectl, CLUSTERS, _desired) as desired,
        fleet(await world.entry(), CALM) as players,
    ):
        for _ in range(max(1, round(LOAD_SECONDS / SWING_SECONDS / 2))):
            await players.join(BUSY - CALM, over_seconds=SWING_SECONDS / 2)
            await asyncio.sleep(SWING_SECONDS / 2)
            players.leave(BUSY - CALM)
            await asyncio.sleep(SWING_SECONDS)
        report = await players.finish(90)
    figures(load_seconds=LOAD_SECONDS, replicas_seen=sorted(set(desired)), sync_seen=sorted(set(sync)))
    assert len(set(desired)) > 1, "the load should have changed the replicas"
    assert set(sync) == {"Synced"}
    assert report.counts.dropped == report.counts.lost == 0


async def test_scale_is_never_taken_back_in_external_mode(world: World) -> None:
    def external(spec: dict[str, Any]) -> None:
        spec["scaling"].update(mode="External")
        spec["replicas"] = 1

    world.edit(external)
    await world.settled("chess", revision=world.push("Let /scale decide"))
    async with watched(world.kubectl, APPLICATIONS, _sync) as sync:
        for replicas in (2, 1, 3):
            await world.kubectl.run("-n", GAMES, "scale", "chessclusters", "chess", f"--replicas={replicas}")
            await until(f"{replicas} replicas are ready", lambda wanted=replicas: _ready(world, wanted), 60)
            await world.refresh("chess")
        assert set(sync) == {"Synced"}
    world.edit(lambda spec: spec["scaling"].update(maxReplicas=5))
    await world.settled("chess", revision=world.push("Change something else"))
    assert (await world.cluster())["spec"]["replicas"] == 3, "a sync must leave what /scale wrote"
    assert await _ready(world, 3) is None


async def _ready(world: World, wanted: int) -> str | None:
    ready = (await world.cluster())["status"]["readyReplicas"]
    return None if ready == wanted else f"{ready} are ready"
