"""The overlay `dev` on a cluster that has what the documentation names, and nothing else.

The test stands in for who is not here: for the External Secrets Operator, and for the registry. There is no Gateway,
so that the route is never accepted.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from gitops_world import World
from program import Program

from chess_bench.cluster.kubectl import KubectlError
from chess_bench.cluster.polling import until
from chess_bench.gitops.service import CLUSTERS, GAMES

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
KINDS = Path(__file__).parents[1] / "kinds"
NEEDED = [KINDS / "externalsecrets.yaml", KINDS / "httproutes.yaml"]
REGISTRY = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
GAME = "manifests/overlays/dev/game/cluster.yaml"
IMAGE = "manifests/overlays/dev/operator/image/kustomization.yaml"
BROUGHT = "manifests/argocd/applications/kustomization.yaml"
ROUTE = f"/apis/gateway.networking.k8s.io/v1/namespaces/{GAMES}/httproutes/chess"


@pytest.fixture
async def dev(bare: World, node: Program) -> AsyncIterator[World]:
    """Apply the one directory of `dev`, with the node's image and PostgreSQL in place of AWS'."""
    world = bare
    for kind in NEEDED:
        node("apply", "--server-side", "-f", kind)
    for name, image in ((GAME, "chess-server:0.1.0"), (IMAGE, "chess-operator")):
        path = world.checkout.path(name)
        there = "chesscluster:dev" if name == GAME else "chesscluster"
        text = path.read_text().replace(f"{REGISTRY}/{image}", there)
        path.write_text(text.replace("newTag: 0.1.0", "newTag: dev"))
    documents = world.checkout.documents(GAME)
    without_authority(documents)
    world.checkout.write(GAME, documents)
    world.push("Take the image of the node and its PostgreSQL")
    await world.apply("manifests/argocd/dev")
    yield world
    await world.clear()
    for kind in NEEDED:
        node("delete", "-f", kind)


async def test_dev_comes_whatever_comes_late_and_takes_every_push(dev: World) -> None:
    world = dev
    await until("Argo CD waits for the ExternalSecrets", lambda: _says(world, "ExternalSecret"), 120)
    await _external_secrets(world, "False")
    await until("the sync has failed", lambda: _failing(world, "ExternalSecret"), 60)
    await _external_secrets(world, "True")
    await until("the migration has failed without its Secret", lambda: _failing(world, "Job"), 120)
    await world.give_secrets()
    await world.settled("chess", seconds=180)
    entry = await world.application("chess-entry")
    assert (entry.sync, entry.health) == ("Synced", "Progressing"), "no Gateway has accepted the route"
    await world.settled("chess-root")

    _edit(world, paused=True)
    await world.settled("chess", "Suspended", world.push("Pause"))
    _edit(world, paused=True, maxReplicas=7)
    await world.settled("chess", "Suspended", world.push("Let more serve, later"))
    assert (await world.cluster())["spec"]["scaling"]["maxReplicas"] == 7
    _edit(world, paused=False, maxReplicas=6)
    await world.settled("chess", "Healthy", world.push("Go on"))

    brought = world.checkout.path(BROUGHT)
    brought.write_text(brought.read_text().replace("entry.yaml, game.yaml", ""))
    world.push("Give game and way in up")
    await until("the route is gone", lambda: _there(world, ROUTE), 120)
    assert not await _there(world, f"{CLUSTERS}/chess"), "the way in outlasts the game"


def without_authority(documents: list[dict[str, Any]]) -> None:
    """Ask for no certificate: the node's PostgreSQL speaks no TLS."""
    of = {one["kind"]: one["spec"] for one in documents}
    del of["ChessCluster"]["database"]["caSecretRef"]
    pod = of["Job"]["template"]["spec"]
    [container] = pod["containers"]
    container["env"] = [one for one in container["env"] if one["name"] != "CHESS_DATABASE_CA_FILE"]
    [sources] = [one["projected"]["sources"] for one in pod["volumes"] if "projected" in one]
    del sources[1:]


async def _says(world: World, words: str) -> str | None:
    message = (await world.application("chess")).message
    return None if words in message else message


async def _failing(world: World, words: str) -> str | None:
    found = await world.application("chess")
    failed = found.failing and words in json.dumps([found.message, found.resources])
    return None if failed else f"{found.phase}: {found.message}"


async def _external_secrets(world: World, ready: str) -> None:
    """Report on them as their operator does."""
    condition = {
        "type": "Ready",
        "status": ready,
        "reason": "Tried",
        "message": f"ExternalSecret: ready is {ready}",
    }
    patch = json.dumps({"status": {"conditions": [condition]}})
    for name in ("chess-redis", "chess-database"):
        await world.kubectl.run(
            "-n", GAMES, "patch", "externalsecrets", name, "--subresource=status", "--type=merge", "-p", patch
        )


def _edit(world: World, *, paused: bool, **scaling: Any) -> None:
    documents = world.checkout.documents(GAME)
    spec = next(one for one in documents if one["kind"] == "ChessCluster")["spec"]
    spec["paused"] = paused
    spec["scaling"].update(scaling)
    world.checkout.write(GAME, documents)


async def _there(world: World, path: str) -> str | None:
    try:
        await world.kubectl.get(path)
    except KubectlError:
        return None
    return f"{path} is there"
