"""Redis frozen for 30 s, and Redis killed and back empty: no scale-in, no pod restarted, nobody lost."""

import asyncio
from typing import Any

import pytest
from arena import Arena, eventually, localcluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400), pytest.mark.usefixtures("stores_back")]


class Untouched:
    """Nothing may happen to the fleet of pods in between."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena

    async def __aenter__(self) -> None:
        self.restarts, self.replicas = await self.arena.restarts(), await self.arena.replicas()

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is None:
            assert await self.arena.restarts() == self.restarts, "the same pods, none restarted"
            assert await self.arena.replicas() == self.replicas
            assert not [
                p
                for p in await self.arena.pods()
                if "chesscluster.dev/drain-deadline" in p["metadata"].get("annotations", {})
            ]


async def test_frozen_redis(make_arena: Any) -> None:
    async with make_arena(minimum=1, per_replica=30) as arena, arena.players(50) as fleet:
        await eventually(lambda: arena.ready_pods(2), "2 ready pods", within=60)
        async with Untouched(arena):
            await localcluster("store", "stop", "redis")
            await asyncio.sleep(30)  # the fault itself lasts this long
            condition = await arena.condition("ScalingActive")
            await localcluster("store", "cont", "redis")
            assert condition["status"] == "False", f"not reported: {condition}"

            async def recovered() -> bool:
                return (await arena.condition("ScalingActive"))["status"] == "True"

            await eventually(recovered, "the operator reads the census again")
            moves = fleet.counts.moves

            async def moving() -> bool:
                return fleet.counts.moves > moves + 50

            await eventually(moving, lambda: f"games go on: {fleet.counts}")
        report = await fleet.finish(200)
        assert (report.counts.lost, report.lost_players, report.faults) == (0, (), ())


async def test_redis_killed_and_back_empty(make_arena: Any) -> None:
    async with make_arena(minimum=1, per_replica=30) as arena, arena.players(50) as fleet:
        await eventually(lambda: arena.ready_pods(2), "2 ready pods", within=60)
        async with Untouched(arena):
            games = fleet.counts.games
            await localcluster("store", "kill", "redis")
            await asyncio.sleep(3)  # the fault itself lasts this long
            await localcluster("store", "start", "redis")
            moves = fleet.counts.moves

            async def moving() -> bool:
                return fleet.counts.moves > moves + 200

            await eventually(moving, lambda: f"games go on from PostgreSQL: {fleet.counts}", within=60)

            async def counted() -> bool:
                async with arena.registry() as registry:
                    records = (await registry.read()).records.values()
                return sum(beat.connections for beat in records) == fleet.counts.connections

            await eventually(counted, "the census is right again")
        report = await fleet.finish(200)
        assert report.counts.games > games
        assert (report.counts.lost, report.lost_players, report.faults) == (0, (), ())
