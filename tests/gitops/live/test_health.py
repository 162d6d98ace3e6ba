"""Health as Argo CD reports it: never better than the truth."""

from typing import Any

import pytest
from gitops_world import OPERATOR, World
from watched import watched

from chess_bench.cluster.polling import until
from chess_bench.gitops.service import APPLICATIONS

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]


def _health(found: dict[str, Any]) -> str | None:
    if found["metadata"]["name"] != "chess":
        return None
    health: str = found.get("status", {}).get("health", {}).get("status", "")
    return health


async def test_progressing_while_pods_come_up(world: World) -> None:
    async with watched(world.kubectl, APPLICATIONS, _health) as seen:
        world.edit(lambda spec: spec["scaling"].update(minReplicas=2))
        await world.settled("chess", revision=world.push("Keep two replicas"))
    assert "Progressing" in seen
    assert seen[-1] == "Healthy"
    assert (await world.cluster())["status"]["readyReplicas"] == 2


async def test_suspended_while_git_sets_paused(world: World) -> None:
    world.edit(lambda spec: spec.update(paused=True))
    await world.settled("chess", "Suspended", world.push("Pause"))
    world.edit(lambda spec: spec.pop("paused"))
    await world.settled("chess", "Healthy", world.push("Go on"))


async def test_degraded_without_its_secret_and_healthy_again(world: World) -> None:
    world.edit(lambda spec: spec["redis"]["urlSecretRef"].update(name="nobody-made-it"))
    world.push("Refer to a Secret that is not there")
    await _degraded(world, "SecretNotFound", "nobody-made-it")
    world.edit(lambda spec: spec["redis"]["urlSecretRef"].update(name="chess-redis"))
    await world.settled("chess", "Healthy", world.push("Refer to the one that is"))


async def test_degraded_when_the_image_cannot_be_pulled_and_healthy_again(world: World) -> None:
    world.edit(lambda spec: spec["server"].update(image="registry.invalid/chess:nosuch"))
    world.push("Name an image that nobody has")
    await _degraded(world, "ImagePull", "chess-")
    world.edit(lambda spec: spec["server"].update(image="chesscluster:dev"))
    await world.settled("chess", "Healthy", world.push("Name the one that the node has"), seconds=180)


async def _degraded(world: World, reason: str, words: str) -> None:
    async def complaint() -> str | None:
        found = await world.application("chess")
        return None if found.health == "Degraded" else f"{found.health} ({found.phase} {found.message})"

    await until("the Application is Degraded", complaint, 120)
    found = await world.cluster()
    degraded = next(one for one in found["status"]["conditions"] if one["type"] == "Degraded")
    assert reason in degraded["reason"] + degraded["message"]
    assert words in degraded["message"]


async def test_never_healthy_for_a_generation_that_nobody_has_observed(world: World) -> None:
    """The operator is away, by Git: its replicas are 0. A push then changes the ChessCluster."""
    kustomization = world.checkout.path(OPERATOR)
    present = kustomization.read_text()
    kustomization.write_text(present + "replicas:\n  - {name: chess-operator, count: 0}\n")
    await world.settled("chess-operator", revision=world.push("Send the operator away"))
    await until("the operator is away", lambda: _pods(world, 0), 60)
    async with watched(world.kubectl, APPLICATIONS, _judged) as seen:
        world.edit(lambda spec: spec["scaling"].update(maxReplicas=5))
        revision = world.push("Change the game meanwhile")
        await until("Argo CD has synced it", lambda: _operated(world, revision), 60)
        await until("it is Progressing", lambda: _is(world, "Progressing"), 30)
        await world.refresh("chess")
        await until("it is Progressing still", lambda: _is(world, "Progressing"), 30)
        after = [health for operated, health in seen if operated == revision]
        assert "Healthy" not in after[after.index("Progressing") :]
        kustomization.write_text(present)
        await world.settled("chess", "Healthy", world.push("Call the operator back"), seconds=180)
    found = await world.cluster()
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"]


def _judged(found: dict[str, Any]) -> tuple[str, str] | None:
    if found["metadata"]["name"] != "chess":
        return None
    operation = found.get("status", {}).get("operationState", {})
    done = operation.get("phase") == "Succeeded"
    return (operation.get("syncResult") or {}).get("revision", "") if done else "", str(_health(found))


async def _operated(world: World, revision: str) -> str | None:
    found = await world.application("chess")
    return (
        None
        if (found.operated, found.phase) == (revision, "Succeeded")
        else f"{found.phase} {found.operated}"
    )


async def _is(world: World, health: str) -> str | None:
    found = await world.application("chess")
    return None if found.health == health else found.health


async def _pods(world: World, count: int) -> str | None:
    listing = await world.kubectl.get("/api/v1/namespaces/chess-system/pods")
    return None if len(listing["items"]) == count else f"{len(listing['items'])} pods"
