"""What Git no longer has goes, and its players with it in peace."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from chess_bench.fleet import Fleet
from chess_bench.gitops.world import APPLICATIONS, GAME, GAMES, World, until
from chess_bench.ledger import Report

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
APPS = "manifests/argocd/applications/kustomization.yaml"
PLAYERS = 8
SERVERS = "chesscluster.dev/cluster=chess"


async def test_prune_drains_live_games(
    world: World, fleet: Callable[[int, int], Fleet], figures: Callable[..., None]
) -> None:
    documents = world.checkout.documents(GAME)
    world.checkout.write(GAME, [one for one in documents if one["kind"] != "ChessCluster"])
    report = await _play_through(world, fleet, "Take the game away")
    figures(prune=_said(report))
    assert (await world.application("chess")).sync == "Synced"
    world.checkout.write(GAME, documents)
    await world.settled("chess", revision=world.push("Bring the game back"))


async def test_deleting_the_application_drains_live_games(
    world: World, fleet: Callable[[int, int], Fleet], figures: Callable[..., None]
) -> None:
    """Git loses the Application; the root Application prunes it, and its finalizer deletes in the foreground."""
    path = world.checkout.path(APPS)
    path.write_text(path.read_text().replace("  - game.yaml\n", ""))
    report = await _play_through(world, fleet, "Give the game up")
    figures(deletion=_said(report))

    async def complaint() -> str | None:
        listing = await world.kubectl.get(APPLICATIONS)
        names = [one["metadata"]["name"] for one in listing["items"]]
        return f"Applications {names}" if "chess" in names else None

    await until("the Application is gone", complaint, 60)
    assert await _left(world) == {"secrets": ["chess-database", "chess-redis"]}


async def _play_through(world: World, fleet: Callable[[int, int], Fleet], message: str) -> Report:
    """Push under live games, and let them end on pods that are going."""
    async with fleet(await world.entry(), PLAYERS) as players:
        await until("games are on", lambda: _playing(players), 30)
        world.push(message)
        await until("the ChessCluster is going", lambda: _going(world), 60)
        assert players.counts.playing > 0, "the test means live games"
        report = await players.finish(80)
        await until("nothing of the operator's is left", lambda: _children_left(world), 120)
    assert report.counts.games > 0
    assert report.counts.dropped == report.counts.lost == 0
    return report


async def _playing(players: Fleet) -> str | None:
    return None if players.counts.playing == PLAYERS else f"{players.counts.playing} play"


async def _going(world: World) -> str | None:
    listing = await world.kubectl.get(f"/apis/chesscluster.dev/v1alpha1/namespaces/{GAMES}/chessclusters")
    living = [one for one in listing["items"] if "deletionTimestamp" not in one["metadata"]]
    return "it lives" if living else None


async def _children_left(world: World) -> str | None:
    left = await world.kubectl.run("-n", GAMES, "get", "chess,deployments,pods", "-l", SERVERS, "-o", "name")
    clusters = await world.kubectl.run("-n", GAMES, "get", "chess", "-o", "name")
    return f"{left} {clusters}" if left.split() or clusters.split() else None


async def _left(world: World) -> dict[str, list[str]]:
    """Names of everything in the namespace that Kubernetes did not put there."""
    kinds = {
        "pods": "/api/v1", "services": "/api/v1", "secrets": "/api/v1", "deployments": "/apis/apps/v1",
        "jobs": "/apis/batch/v1", "networkpolicies": "/apis/networking.k8s.io/v1",
        "poddisruptionbudgets": "/apis/policy/v1", "chessclusters": "/apis/chesscluster.dev/v1alpha1",
    }  # fmt: skip
    listings = await asyncio.gather(
        *(world.kubectl.get(f"{root}/namespaces/{GAMES}/{kind}") for kind, root in kinds.items())
    )
    found = {kind: sorted(_names(one)) for kind, one in zip(kinds, listings, strict=True)}
    return {kind: names for kind, names in found.items() if names}


def _names(listing: dict[str, Any]) -> list[str]:
    return [one["metadata"]["name"] for one in listing["items"]]


def _said(report: Report) -> dict[str, int]:
    counts = report.counts
    return {"games": counts.games, "moves": counts.moves, "dropped": counts.dropped, "lost": counts.lost}
