"""Evicting every server pod through the Eviction API, one after the other, drops nobody."""

from typing import Any

import pytest
from arena import eventually, is_ready

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(400)]


async def test_every_pod_evicted(make_arena: Any) -> None:
    async with make_arena(minimum=3, per_replica=40) as arena, arena.players(60) as fleet:
        first = {pod["metadata"]["name"] for pod in await arena.ready_pods(3)}
        for name in sorted(first):
            await eventually(lambda name=name: arena.evict(name), f"the budget lets {name} go", within=90)

        async def replaced() -> bool:
            names = {pod["metadata"]["name"] for pod in await arena.pods() if is_ready(pod)}
            return len(names) == 3 and not names & first

        await eventually(replaced, "three new pods serve", within=120)
        report = await fleet.finish(150)
        assert report.counts.handovers > 0
        assert (report.counts.dropped, report.counts.lost, report.drops) == (0, 0, ())
