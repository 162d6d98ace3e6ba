"""A ChessCluster deleted under live games: every player is told and gets the drain, nothing hangs, nothing is left."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest
from arena import Arena, eventually
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

DEADLINE_S = 8
GONE_S = 90


@dataclass(slots=True)
class Witness:
    """A player who sits in a game and notes what it is told; it goes nowhere else."""

    socket: ClientConnection
    told: list[str] = field(default_factory=list)
    code: int | None = None

    async def listen(self) -> None:
        try:
            async for message in self.socket:
                body = json.loads(message)
                if isinstance(body, dict):
                    self.told.append(body["t"])
        except ConnectionClosed:
            pass
        self.code = self.socket.close_code


async def seat(url: str) -> Witness:
    """Come through the lobby into a game."""
    sri = secrets.token_hex(8)
    async with connect(f"{url}/lobby/socket?sri={sri}", compression=None) as lobby:
        await lobby.send(json.dumps({"t": "poolIn", "d": {"id": "10+5"}}))
        async for message in lobby:
            body = json.loads(message)
            if isinstance(body, dict) and body["t"] == "redirect":
                path = body["d"]["url"]
                break
    return Witness(await connect(f"{url}{path}?sri={sri}", compression=None))


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
    async with make_arena(drain={"deadlineSeconds": DEADLINE_S, "reconnectWindowSeconds": 2}) as arena:
        host, port = await arena.entry()
        witnesses = await asyncio.gather(*(seat(f"ws://{host}:{port}") for _ in range(20)))
        listening = [asyncio.create_task(witness.listen()) for witness in witnesses]
        command = [part.format(namespace=arena.namespace) for part in COMMANDS[how]]
        await arena.kubectl.run("-n", arena.namespace, *command)
        async with asyncio.timeout(DEADLINE_S + 40):
            await asyncio.gather(*listening)
        assert [witness for witness in witnesses if "serverRestart" not in witness.told] == []
        assert {witness.code for witness in witnesses} == {1012}

        async def nothing_left() -> bool:
            return not await remains(arena)

        await eventually(nothing_left, within=GONE_S, saying="nothing is left")
        async with arena.registry() as registry:
            assert (await registry.read()).records == {}
            assert await registry.orders() == {}
