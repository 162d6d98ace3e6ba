"""A ChessCluster deleted under live games: all players are notified and drained, nothing hangs or is left."""

import asyncio
from typing import Any

import pytest
from arena import Arena, eventually
from witness import seat

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

DEADLINE_SECONDS = 8
GONE_SECONDS = 90


async def remains(arena: Arena) -> list[str]:
    """Name what is left of the ChessCluster in its namespace."""
    kinds = "deployments,replicasets,pods,poddisruptionbudgets,networkpolicies,chessclusters"
    found = await arena.kubectl.run("-n", arena.namespace, "get", kinds, "-o", "name", "--ignore-not-found")
    services = await arena.kubectl.run(
        "-n", arena.namespace, "get", "services", "-o", "name", "--ignore-not-found"
    )
    return [*found.split(), *(name for name in services.split() if name != "service/entry")]


COMMANDS = {
    "background": ("delete", "chesscluster", "arena", "--cascade=background", "--wait=false"),
    "foreground": ("delete", "chesscluster", "arena", "--cascade=foreground", "--wait=false"),
    "namespace": ("delete", "namespace", "{namespace}", "--wait=false"),
}


@pytest.mark.parametrize("how", COMMANDS)
async def test_deleted_under_live_games(make_arena: Any, how: str) -> None:
    async with make_arena(drain={"deadlineSeconds": DEADLINE_SECONDS, "reconnectWindowSeconds": 2}) as arena:
        host, port = await arena.entry()
        witnesses = await asyncio.gather(*(seat(f"ws://{host}:{port}") for _ in range(20)))
        listening = [asyncio.create_task(witness.listen()) for witness in witnesses]
        command = [part.format(namespace=arena.namespace) for part in COMMANDS[how]]
        await arena.kubectl.run("-n", arena.namespace, *command)
        async with asyncio.timeout(DEADLINE_SECONDS + 40):
            await asyncio.gather(*listening)
        assert [witness for witness in witnesses if "serverRestart" not in witness.received] == []
        assert {witness.code for witness in witnesses} == {1012}

        async def nothing_left() -> bool:
            return not await remains(arena)

        await eventually(nothing_left, "nothing is left", within=GONE_SECONDS)
        async with arena.registry() as registry:
            assert (await registry.read()).records == {}
            assert await registry.orders() == {}
