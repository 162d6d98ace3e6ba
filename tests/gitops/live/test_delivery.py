"""What a push does, and what it cannot do."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from gitops_world import World
from witness import seat

from chess_bench.bots.fleet import Fleet
from chess_bench.cluster.polling import until
from chess_bench.gitops.service import DELIVERED, GAME, GAMES, secret

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
LATE = "late"
"""A Secret that comes after what needs it."""


async def test_git_alone_brings_the_whole_service(world: World) -> None:
    for name in DELIVERED:

        async def complaint(name: str = name) -> str | None:
            return (await world.application(name)).unlike("Healthy", None)

        await until(f"{name} is Healthy", complaint, 60)
    assert (await world.cluster())["status"]["readyReplicas"] >= 1


async def test_a_push_is_synced_and_in_force(world: World, figures: Callable[..., None]) -> None:
    wanted = world.spec["scaling"]["maxReplicas"] + 1
    world.edit(lambda spec: spec["scaling"].update(maxReplicas=wanted))
    pushed = time.monotonic()
    revision = world.push("Let one replica more serve")

    async def complaint() -> str | None:
        found = await world.cluster()
        seen = found["status"]["observedGeneration"] == found["metadata"]["generation"]
        value = found["spec"]["scaling"]["maxReplicas"]
        return None if seen and value == wanted else f"maxReplicas {value}"

    await until(f"maxReplicas {wanted} is in force", complaint, 60)
    figures(push_to_in_force_seconds=round(time.monotonic() - pushed, 1))
    await world.settled("chess", revision=revision)
    figures(push_to_synced_healthy_seconds=round(time.monotonic() - pushed, 1))


async def test_what_cel_refuses_fails_readably_and_harms_nobody(
    world: World, fleet: Callable[[int, int], Fleet]
) -> None:
    before = (await world.cluster())["spec"]
    async with fleet(await world.entry(), 6) as players:
        world.edit(lambda spec: spec["scaling"].update(minReplicas=3, maxReplicas=2))
        revision = world.push("Ask for what cannot be")
        await world.failed("chess", revision)
        found = await world.application("chess")
        assert "maxReplicas" in found.message
        assert "minReplicas" in found.message
        assert found.health == "Healthy"
        assert (await world.cluster())["spec"] == before
        world.edit(lambda spec: spec["scaling"].update(minReplicas=1, maxReplicas=3))
        mended = world.push("Ask for what can be")
        report, _ = await asyncio.gather(players.finish(90), world.settled("chess", revision=mended))
    assert report.counts.dropped == report.counts.lost == 0
    assert report.counts.games > 0


async def test_a_migration_that_fails_stops_the_sync_until_it_is_mended(world: World) -> None:
    before, documents = (await world.cluster())["spec"], world.checkout.documents(GAME)
    job = next(one for one in documents if one["kind"] == "Job")
    job["metadata"]["name"] += "-failing"  # what changes a Job's template makes it another Job
    job["spec"] |= {"backoffLimit": 0}
    job["spec"]["template"]["spec"]["volumes"][-1]["projected"]["sources"][0]["secret"]["name"] = LATE
    world.checkout.write(GAME, documents)
    world.edit(lambda spec: spec["scaling"].update(maxReplicas=9))
    revision = world.push("Migrate with what is not there yet")
    await world.failed("chess", revision)
    assert (await world.cluster())["spec"] == before
    try:  # mended without Git: the next try makes the Job again
        await world.kubectl.apply(secret(LATE, world.stores.database))
        await world.settled("chess", revision=revision)
        assert (await world.cluster())["spec"]["scaling"]["maxReplicas"] == 9
    finally:
        await world.kubectl.run("-n", GAMES, "delete", "secret", LATE, "--ignore-not-found")


async def test_a_push_is_applied_while_a_rollout_waits_for_players(world: World) -> None:
    """And the one after it too, which takes the rollout back."""
    before = (await world.cluster())["spec"]
    url = f"ws://127.0.0.1:{await world.entry()}"
    pair = await asyncio.gather(seat(url), seat(url))
    listening = [asyncio.create_task(one.listen()) for one in pair]
    try:
        world.edit(lambda spec: spec["server"]["env"].append({"name": "CHESS_LOG_LEVEL", "value": "debug"}))
        await world.settled("chess", "Suspended", world.push("Serve otherwise"))
        world.edit(lambda spec: spec["scaling"].update(maxReplicas=5))
        await world.settled("chess", "Suspended", world.push("Let one replica more serve, meanwhile"))
        found = await world.cluster()
        assert found["spec"]["scaling"]["maxReplicas"] == 5
        assert _condition(found, "RolloutPending")["status"] == "True"
        world.edit(lambda spec: (spec["server"]["env"].pop(), spec["scaling"].update(maxReplicas=4)))
        await world.settled("chess", "Healthy", world.push("Serve as before"))
        assert (await world.cluster())["spec"] == before
        assert not any(task.done() for task in listening), "nobody had to leave for it"
    finally:
        await asyncio.gather(*(one.socket.close() for one in pair), *listening)


def _condition(found: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(one for one in found["status"]["conditions"] if one["type"] == kind)


async def test_a_hand_s_edit_is_taken_back(world: World, figures: Callable[..., None]) -> None:
    wanted, edited = world.spec["scaling"]["maxReplicas"], time.monotonic()
    await _patch(world, {"scaling": {"maxReplicas": 9}})

    async def complaint() -> str | None:
        value = (await world.cluster())["spec"]["scaling"]["maxReplicas"]
        return None if value == wanted else f"maxReplicas {value}"

    await until(f"maxReplicas is {wanted} again", complaint, 60)
    figures(self_heal_seconds=round(time.monotonic() - edited, 1))


async def test_a_pause_from_argo_cd_s_pages_stays_until_it_is_resumed(world: World) -> None:
    await world.act("pause")
    await world.settled("chess", "Suspended")
    await world.refresh("chess")
    await world.settled("chess", "Suspended")
    assert (await world.cluster())["spec"]["paused"] is True
    await world.act("resume")
    await world.settled("chess", "Healthy")


async def test_an_application_and_a_chesscluster_of_one_name_under_label_tracking(world: World) -> None:
    children = await _children(world)
    await _track(world, "label")
    try:
        await until("the ChessCluster has Argo CD's label", lambda: _labelled(world), 60)
        await world.settled("chess")
        kinds = {kind for kind, _, _ in (await world.application("chess")).resources}
        assert "ChessCluster" in kinds
        assert "Deployment" not in kinds, "the operator's children are not the Application's"
        await world.sync("chess")  # prunes whatever it takes for its own and Git does not have
        assert await _children(world) == children
    finally:
        await _track(world, "annotation")
    await until("it is tracked by annotation again", lambda: _annotated(world), 60)
    await world.settled("chess")
    assert await _children(world) == children


async def _labelled(world: World) -> str | None:
    labels = (await world.cluster())["metadata"].get("labels", {})
    return None if labels.get("app.kubernetes.io/instance") == "chess" else str(labels)


async def _annotated(world: World) -> str | None:
    """It must be, or Argo CD would not know the ChessCluster for its own when Git loses it."""
    annotations = (await world.cluster())["metadata"].get("annotations", {})
    return None if "argocd.argoproj.io/tracking-id" in annotations else ", ".join(annotations)


async def _children(world: World) -> dict[str, str]:
    """Names and uids of what the operator made, none of which carries the label that Argo CD tracks by."""
    found: dict[str, str] = {}
    for path in ("apis/apps/v1", "api/v1"):
        kind = "deployments" if path.startswith("apis") else "services"
        listing = await world.kubectl.get(f"/{path}/namespaces/{GAMES}/{kind}")
        ours = [one for one in listing["items"] if one["metadata"].get("ownerReferences")]
        assert all("app.kubernetes.io/instance" not in one["metadata"]["labels"] for one in ours)
        found |= {f"{kind}/{one['metadata']['name']}": one["metadata"]["uid"] for one in ours}
    assert "deployments/chess-blue" in found
    return found


async def _track(world: World, method: str) -> None:
    patch = f'{{"data":{{"application.resourceTrackingMethod":"{method}"}}}}'
    await world.kubectl.run("-n", "argocd", "patch", "configmap", "argocd-cm", "--type=merge", "-p", patch)
    await asyncio.gather(*(_sync_anew(world, name) for name in DELIVERED))


async def _sync_anew(world: World, name: str) -> None:
    await world.refresh(name)
    await world.sync(name)


async def _patch(world: World, spec: dict[str, Any]) -> None:
    patch = json.dumps({"spec": spec})
    await world.kubectl.run("-n", GAMES, "patch", "chessclusters", "chess", "--type=merge", "-p", patch)
