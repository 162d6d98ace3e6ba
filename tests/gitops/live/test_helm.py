"""The same service by Helm: two installs, upgrades under load, and out again in any order."""

import asyncio
import json
import re
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from gitops_world import World
from program import Program
from stage import Stage, State

from chess_bench.bots.fleet import Fleet
from chess_bench.cluster.polling import until
from chess_bench.gitops.service import GAMES, SYSTEM

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
ROOT = Path(__file__).resolve().parents[3]
PLAYERS = 8


@pytest.fixture(scope="module")
def users_helm(helm: Program, node: Program) -> Program:
    return Program(helm.path, node.options)


@pytest.fixture
async def installed(stage: Stage, users_helm: Program) -> World:
    """The service by Helm. A test that leaves it as it was says so in `stage.state`."""
    world = await stage.bare() if stage.state is not State.INSTALLED else stage.world
    if stage.state is not State.INSTALLED:
        await _install(world, users_helm)
    stage.state = State.OTHER
    return world


async def _install(world: World, helm: Program) -> None:
    operator = ("chess-operator", "charts/chess-operator", "-n", SYSTEM, "--create-namespace")
    helm("install", *operator, "--set", "image.reference=chesscluster:dev", "--wait", "--timeout", "90s")
    await world.kubectl.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GAMES}})
    await world.give_secrets()
    helm("install", "chess", "charts/chess-cluster", "-n", GAMES, *_values(), "--timeout", "90s")
    await until("the ChessCluster is Ready", lambda: _unready(world), 90)


def _values() -> tuple[str, ...]:
    return "--values", "charts/chess-cluster/environments/local.yaml"


async def _unready(world: World) -> str | None:
    found = await world.cluster()
    ready = [one for one in found.get("status", {}).get("conditions", []) if one["type"] == "Ready"]
    return None if ready and ready[0]["status"] == "True" else json.dumps(ready)


async def _pods(world: World) -> dict[str, int]:
    listing = await world.kubectl.get(f"/api/v1/namespaces/{GAMES}/pods")
    servers = (one for one in listing["items"] if one["metadata"]["labels"].get("chesscluster.dev/cluster"))
    return {one["metadata"]["uid"]: _restarts(one) for one in servers}


def _restarts(pod: dict[str, Any]) -> int:
    return sum(one["restartCount"] for one in pod["status"].get("containerStatuses", []))


async def test_install_and_helm_test(installed: World, stage: Stage, users_helm: Program) -> None:
    assert "Succeeded" in users_helm("test", "chess-operator", "-n", SYSTEM, "--timeout", "90s").out
    assert "Succeeded" in users_helm("test", "chess", "-n", GAMES, "--timeout", "90s").out
    stage.state = State.INSTALLED


async def test_upgrades_and_rollbacks_restart_no_server_pod(
    installed: World, stage: Stage, users_helm: Program, fleet: Callable[..., Fleet]
) -> None:
    world, before = installed, await _pods(installed)
    assert before
    chess, operator = ("chess", "-n", GAMES), ("chess-operator", "-n", SYSTEM)
    steps: tuple[tuple[str, ...], ...] = (
        ("upgrade", chess[0], "charts/chess-cluster", *chess[1:], *_values(), "--set", "spec.scaling.maxReplicas=6"),
        ("upgrade", operator[0], "charts/chess-operator", *operator[1:], "--reuse-values",
         "--set", "podAnnotations.upgraded=yes", "--wait", "--timeout", "90s"),
        ("rollback", chess[0], "1", *chess[1:]),
        ("rollback", operator[0], "1", *operator[1:], "--wait", "--timeout", "90s"),
    )  # fmt: skip
    async with fleet(await world.entry(), 8) as players:
        for step, wanted in zip(steps, (6, 6, 4, 4), strict=True):
            moves = players.counts.moves
            await _run(users_helm, *step)
            assert (await world.cluster())["spec"]["scaling"]["maxReplicas"] == wanted
            await until("the games go on", lambda moves=moves: _moved(players, moves), 10)
        assert await _pods(world) == before
        report = await players.finish(90)
    assert report.counts.games > 0
    assert report.counts.dropped == report.counts.lost == 0
    stage.state = State.INSTALLED


async def _moved(players: Fleet, moves: int) -> str | None:
    return None if players.counts.moves > moves + 8 else f"{players.counts.moves - moves} moves since"


async def _run(helm: Program, *step: str) -> None:
    """Beside the players, whose loop must not stand still."""
    await asyncio.to_thread(helm, *step)


async def test_uninstall_drains_and_what_it_leaves_is_good_for_another_install(
    installed: World, stage: Stage, users_helm: Program, fleet: Callable[..., Fleet]
) -> None:
    world = installed
    async with _live_games(world, fleet) as players:
        leaving = asyncio.create_task(_run(users_helm, "uninstall", "chess", "-n", GAMES))
        await until("the ChessCluster is going", lambda: _waits(world), 60)
        await _play_to_the_end(players)
        ways = [await _names(world, "services/chess")]
        while await _pods(world):
            ways.append(await _names(world, "services/chess"))
        await leaving
    assert ways[:-1] == [["service/chess"]] * (len(ways) - 1), "the way in outlasts the last pod"
    assert await _names(world, "chessclusters,pods,services") == []
    users_helm("uninstall", "chess-operator", "-n", SYSTEM, "--wait", "--timeout", "90s")
    kinds = "all,secrets,networkpolicies,pdb,chessclusters"
    assert (await _names(world, kinds)) == ["secret/chess-database", "secret/chess-redis"]
    await until("nothing of the operator is left", lambda: _system(world), 60)
    left = await world.kubectl.run("get", "crd,clusterroles,clusterrolebindings", "-o", "name")
    ours = [one for one in left.split() if "chess" in one]
    assert ours == ["customresourcedefinition.apiextensions.k8s.io/chessclusters.chesscluster.dev"]
    await _install(world, users_helm)
    stage.state = State.INSTALLED


async def test_uninstall_with_the_operator_first_is_freed_by_one_command(
    installed: World, users_helm: Program, fleet: Callable[..., Fleet]
) -> None:
    world = installed
    async with _live_games(world, fleet) as players:
        await _run(users_helm, "uninstall", "chess-operator", "-n", SYSTEM, "--wait", "--timeout", "90s")
        leaving = asyncio.create_task(_run(users_helm, "uninstall", "chess", "-n", GAMES))
        await until("it waits for an operator", lambda: _waits(world), 60)
        moves = players.counts.moves
        await until("the games go on", lambda: _moved(players, moves), 10)
        await world.kubectl.run("-n", GAMES, *_freeing_command())
        await _play_to_the_end(players)
        await leaving
    assert await _names(world, "chessclusters,deployments,pods,services") == []


def _freeing_command() -> tuple[str, ...]:
    """As docs/gitops.md has it."""
    found = re.search(r"^ *kubectl -n chess (patch .*)$", (ROOT / "docs/gitops.md").read_text(), re.MULTILINE)
    assert found
    return tuple(shlex.split(found[1]))


@asynccontextmanager
async def _live_games(world: World, fleet: Callable[..., Fleet]) -> AsyncIterator[Fleet]:
    """Everybody sits in a game of 20 to 30 s, and wants no other after it."""
    async with fleet(await world.entry(), PLAYERS, slow=True) as players:
        await until("everybody plays", lambda: _all_play(players), 30)
        players.leave()
        yield players


async def _all_play(players: Fleet) -> str | None:
    return None if players.counts.playing == PLAYERS else f"{players.counts.playing} play"


async def _play_to_the_end(players: Fleet) -> None:
    report = await players.finish(60)
    assert report.counts.games == PLAYERS // 2
    assert (report.counts.dropped, report.counts.lost) == (0, 0), (
        report.drops,
        report.faults,
        report.stranded,
    )


async def _names(world: World, kinds: str) -> list[str]:
    return (await world.kubectl.run("-n", GAMES, "get", kinds, "-o", "name")).split()


async def _waits(world: World) -> str | None:
    return None if "deletionTimestamp" in (await world.cluster())["metadata"] else "it lives"


async def _system(world: World) -> str | None:
    return (
        await world.kubectl.run(
            "-n", SYSTEM, "get", "all,roles,rolebindings,networkpolicies,pdb", "-o", "name"
        )
        or None
    )
