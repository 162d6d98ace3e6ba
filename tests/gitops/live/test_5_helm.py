"""The same service by Helm: two installs, upgrades under load, and out again in any order."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from chess_bench.fleet import Fleet
from chess_bench.gitops.program import Program
from chess_bench.gitops.world import GAMES, SYSTEM, World, until

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
FREE = ("patch", "chess", "chess", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


@pytest.fixture(scope="module")
def users_helm(helm: Program, node: Program) -> Program:
    return Program(helm.path, node.options)


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


async def test_install_and_helm_test(world: World, users_helm: Program) -> None:
    await world.clear()
    await _install(world, users_helm)
    assert "Succeeded" in users_helm("test", "chess-operator", "-n", SYSTEM, "--timeout", "90s").out
    assert "Succeeded" in users_helm("test", "chess", "-n", GAMES, "--timeout", "90s").out


async def test_upgrades_and_rollbacks_restart_no_server_pod(
    world: World, users_helm: Program, fleet: Callable[[int, int], Fleet]
) -> None:
    before = await _pods(world)
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
        for number, step in enumerate(steps):
            await _run(users_helm, step)
            wanted = 6 if number in (0, 1) else 4
            assert (await world.cluster())["spec"]["scaling"]["maxReplicas"] == wanted
        assert await _pods(world) == before
        report = await players.finish(90)
    assert report.counts.games > 0
    assert report.counts.dropped == report.counts.lost == 0


async def _run(helm: Program, step: tuple[str, ...]) -> None:
    """Beside the players, whose loop must not stand still."""
    await asyncio.to_thread(helm, *step)


async def test_uninstall_leaves_the_crd_and_the_secrets(world: World, users_helm: Program) -> None:
    users_helm("uninstall", "chess", "-n", GAMES, "--wait", "--timeout", "120s")
    await until("every pod is gone", lambda: _some(world), 120)
    users_helm("uninstall", "chess-operator", "-n", SYSTEM, "--wait", "--timeout", "90s")
    left = await world.kubectl.run(
        "-n", GAMES, "get", "all,secrets,networkpolicies,pdb,chessclusters", "-o", "name"
    )
    assert left.split() == ["secret/chess-database", "secret/chess-redis"]
    await until("nothing of the operator is left", lambda: _system(world), 60)
    left = await world.kubectl.run("get", "crd,clusterroles,clusterrolebindings", "-o", "name")
    ours = [one for one in left.split() if "chess" in one]
    assert ours == ["customresourcedefinition.apiextensions.k8s.io/chessclusters.chesscluster.dev"]


async def test_uninstall_with_the_operator_first_is_freed_by_one_command(
    world: World, users_helm: Program
) -> None:
    await _install(world, users_helm)
    users_helm("uninstall", "chess-operator", "-n", SYSTEM, "--wait", "--timeout", "90s")
    users_helm("uninstall", "chess", "-n", GAMES)
    await until("it waits for an operator", lambda: _waits(world), 30)
    await world.kubectl.run("-n", GAMES, *FREE)
    await until("every pod is gone", lambda: _some(world), 120)
    left = await world.kubectl.run("-n", GAMES, "get", "chessclusters,deployments,services", "-o", "name")
    assert left.split() == []


async def _waits(world: World) -> str | None:
    return None if "deletionTimestamp" in (await world.cluster())["metadata"] else "it lives"


async def _system(world: World) -> str | None:
    return (
        await world.kubectl.run(
            "-n", SYSTEM, "get", "all,roles,rolebindings,networkpolicies,pdb", "-o", "name"
        )
        or None
    )


async def _some(world: World) -> str | None:
    pods = await _pods(world)
    return f"{len(pods)} pods" if pods else None
