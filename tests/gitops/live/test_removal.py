"""What Git no longer has goes, and its players with it in peace."""

import asyncio
import re
import shlex
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gitops_world import World
from witness import seat

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.ledger import Report
from chess_bench.cluster.polling import until
from chess_bench.gitops.service import APPLICATIONS, CLUSTERS, GAME, GAMES
from chess_bench.verification.verifier import verify

pytestmark = [pytest.mark.gitops, pytest.mark.cluster]
ROOT = Path(__file__).resolve().parents[3]
APPS = "manifests/argocd/applications/kustomization.yaml"
PLAYERS, WITNESSES = 8, 4
SERVERS = "chesscluster.dev/cluster=chess"


async def test_prune_drains_live_games(
    world: World, fleet: Callable[..., Fleet], figures: Callable[..., None]
) -> None:
    """A game of prod is pruned only when somebody confirms it, and so is this one."""
    deadline, documents = world.spec["drain"]["deadlineSeconds"], world.checkout.documents(GAME)
    [cluster] = [one for one in documents if one["kind"] == "ChessCluster"]
    cluster["metadata"]["annotations"] |= {"argocd.argoproj.io/sync-options": "Prune=confirm,Delete=confirm"}
    world.checkout.write(GAME, documents)
    await world.settled("chess", revision=world.push("Let nobody take the game away by a push alone"))
    world.checkout.write(GAME, [one for one in documents if one is not cluster])
    world.push("Take the game away")
    await until("Argo CD asks", lambda: _asks(world), 60)
    assert await _going(world), "nobody has confirmed it"
    figures(prune=await _removed_under_play(world, fleet, lambda: _confirm(world), deadline))
    await world.settled("chess")


async def _asks(world: World) -> str | None:
    message = (await world.application("chess")).message
    return None if "Waiting for pruning confirmation" in message else message


async def _confirm(world: World) -> None:
    """As docs/gitops.md has it."""
    command = re.search(
        r"^kubectl (-n argocd annotate .*)$", (ROOT / "docs/gitops.md").read_text(), re.MULTILINE
    )
    assert command
    words = command[1].replace("$(date -u +%FT%TZ)", datetime.now(UTC).strftime("%FT%TZ"))
    await world.kubectl.run(*shlex.split(words))


async def test_deleting_the_application_drains_live_games(
    world: World, fleet: Callable[..., Fleet], figures: Callable[..., None]
) -> None:
    """Git loses both Applications; the root Application prunes the game before its way in, each in the foreground."""
    deadline, path = world.spec["drain"]["deadlineSeconds"], world.checkout.path(APPS)
    path.write_text(path.read_text().replace("entry.yaml, game.yaml", ""))

    async def push() -> None:
        world.push("Give the game and its way in up")

    figures(deletion=await _removed_under_play(world, fleet, push, deadline))

    async def complaint() -> str | None:
        listing = await world.kubectl.get(APPLICATIONS)
        names = [one["metadata"]["name"] for one in listing["items"]]
        return f"Applications {names}" if {"chess", "chess-entry"} & set(names) else None

    await until("the Applications are gone", complaint, 60)
    assert await _left(world) == {"secrets": ["chess-database", "chess-redis"]}


async def _removed_under_play(
    world: World, fleet: Callable[..., Fleet], order: Callable[[], Awaitable[None]], deadline: float
) -> dict[str, Any]:
    """Order it under live games. Players who play on finish their games; those who only sit there are notified.

    The players mean to leave after the game that they are in: with the service gone, no lobby has a next one.
    """
    await until("no scale-in of the test before goes on", lambda: _at_rest(world), 120)
    port = await world.entry()
    witnesses = await asyncio.gather(*(seat(f"ws://127.0.0.1:{port}") for _ in range(WITNESSES)))
    wanderer = witnesses.pop()
    listening = [asyncio.create_task(witness.listen()) for witness in witnesses]
    async with fleet(port, PLAYERS, slow=True) as players:
        await until("everybody plays", lambda: _playing(players), 30)
        players.leave()
        await order()
        ordered = time.monotonic()
        await until("the ChessCluster is going", lambda: _going(world), 60)
        notified = time.monotonic()
        assert players.counts.playing == PLAYERS, "the test means live games"
        said = await wanderer.knock_again()
        assert said in ("admitted", "draining"), "the way in leads to the pods that drain"
        moves = players.counts.moves
        report = await players.finish(deadline)
        assert await world.entry() == port, "the way in outlasts the game"
        async with asyncio.timeout(deadline + 15):
            await asyncio.gather(*listening)
        served = time.monotonic() - notified
        await until("nothing of the operator's is left", lambda: _children_left(world), 60)
    assert [witness for witness in witnesses if "serverRestart" not in witness.received] == []
    assert {witness.code for witness in witnesses} == {1012}
    assert served > deadline - 3, "who does not go of himself has until the deadline"
    await _played_out(world, report, moves)
    return {
        "order_to_drain_seconds": round(notified - ordered, 1),
        "order_to_gone_seconds": round(time.monotonic() - ordered, 1),
        "games": report.counts.games, "moves_in_drain": report.counts.moves - moves,
        "dropped": report.counts.dropped, "lost": report.counts.lost,
    }  # fmt: skip


async def _played_out(world: World, report: Report, moves: int) -> None:
    assert report.counts.moves > moves, "a drain leaves games alone"
    assert report.counts.games == PLAYERS // 2
    assert (report.counts.dropped, report.counts.lost) == (0, 0), (
        report.drops,
        report.faults,
        report.stranded,
    )
    reading = games.load(games.BUNDLED)
    assert await verify(reading, report.finished, world.stores.database_from_here) == []


async def _at_rest(world: World) -> str | None:
    found = await world.cluster()
    status, fewest = found["status"], found["spec"]["scaling"]["minReplicas"]
    counts = [status[name] for name in ("desiredReplicas", "readyReplicas", "drainingReplicas")]
    return None if counts == [fewest, fewest, 0] else f"desired, ready, draining: {counts}"


async def _playing(players: Fleet) -> str | None:
    return None if players.counts.playing == PLAYERS else f"{players.counts.playing} play"


async def _going(world: World) -> str | None:
    listing = await world.kubectl.get(CLUSTERS)
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
