"""A ChessCluster that cannot work says why, in a condition, and recovers by itself when the cause is gone."""

from typing import Any

import pytest
from arena import Arena, eventually

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]


async def says(arena: Arena, kind: str, status: str, *words: str) -> None:
    """Wait for a condition that names all of these."""
    last: dict[str, Any] = {}

    async def reported() -> bool:
        last.update(await arena.condition(kind))
        return last.get("status") == status and all(
            word in f"{last['reason']} {last['message']}" for word in words
        )

    await eventually(reported, lambda: f"{kind}={status} with {words}: {last}", within=60)


async def test_missing_secret(make_arena: Any) -> None:
    def forget(manifest: Any) -> None:
        manifest["spec"]["redis"]["urlSecretRef"]["name"] = "not-there"

    async with make_arena(change=forget, ready=False) as arena:
        await says(arena, "Ready", "False", "SecretNotFound", arena.namespace, "not-there")
        await arena.patch({"redis": {"urlSecretRef": {"name": "chess-redis", "key": "url"}}})
        await says(arena, "Ready", "True")
        await says(arena, "Available", "True")


async def test_missing_key(make_arena: Any) -> None:
    def misname(manifest: Any) -> None:
        manifest["spec"]["database"]["urlSecretRef"]["key"] = "uri"

    async with make_arena(change=misname, ready=False) as arena:
        await says(arena, "Ready", "False", "Secret", "chess-database", "uri")


async def test_image_that_cannot_be_pulled(make_arena: Any) -> None:
    def misname(manifest: Any) -> None:
        manifest["spec"]["server"]["image"] = "registry.invalid/chess:none"

    async with make_arena(change=misname, ready=False) as arena:
        await says(arena, "Available", "False", "registry.invalid/chess:none")
        await says(arena, "Degraded", "True", "ImagePull")


async def test_unreachable_redis(make_arena: Any) -> None:
    async with make_arena() as arena:
        await arena.kubectl.apply(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "elsewhere", "namespace": arena.namespace},
                "stringData": {"url": "redis://:s3cret@redis.invalid:6379/0"},
            }
        )
        before = await arena.restarts()
        await arena.patch({"redis": {"urlSecretRef": {"name": "elsewhere", "key": "url"}}})
        await says(arena, "ScalingActive", "False", "redis.invalid:6379")
        shown = str(await arena.get()) + str(await arena.events())
        assert "s3cret" not in shown
        assert await arena.restarts() == before, "the players' pods stay as they are"


async def test_change_of_template_under_players_waits(make_arena: Any) -> None:
    async with make_arena() as arena, arena.players(10) as fleet:
        before = await arena.restarts()
        await arena.patch({"server": {"env": [{"name": "TZ", "value": "Europe/Oslo"}]}})
        await says(arena, "RolloutPending", "True")
        assert await arena.restarts() == before
        report = await fleet.finish(120)
        assert (report.counts.dropped, report.counts.lost) == (0, 0)
        await says(arena, "RolloutPending", "False")

        async def renewed() -> bool:
            return not set(await arena.restarts()) & set(before)

        await eventually(renewed, "with nobody on it, the colour takes the new template", within=60)
