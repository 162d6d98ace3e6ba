"""`make demo-gitops`: from an empty cluster to a played game through Git alone."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from chess_bench import games, targets, verify
from chess_bench.fleet import Fleet
from chess_bench.gitops.world import GAMES, PROJECT, World, until
from chess_bench.kubectl import KubectlError
from chess_bench.ledger import Report
from chess_bench.pace import Pace
from chess_localcluster import gitops_tools
from chess_localcluster.argocd import run as argocd
from chess_localcluster.errors import ClusterError
from chess_localcluster.progress import Terminal

PLAYERS = 10
PLAY_S = 120
OUT = PROJECT / "out" / "demo-gitops.json"


def main() -> None:
    """Run it; what goes wrong is one line."""
    try:
        sys.exit(asyncio.run(_run()))
    except (ClusterError, KubectlError, targets.TargetError, AssertionError) as error:
        print(f"demo-gitops: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print(
            "demo-gitops: interrupted; `make demo-gitops` begins anew, `make down` removes it all",
            file=sys.stderr,
        )
        sys.exit(130)


async def _run() -> int:
    shown = Terminal()
    began = time.monotonic()
    with shown.stage("Helm, kustomize and Argo CD"):
        gitops_tools.ensure(gitops_tools.HELM, gitops_tools.KUSTOMIZE, gitops_tools.ARGOCD, progress=shown)
    await targets.localcluster("up")
    await targets.localcluster("image", "build", str(PROJECT))
    argocd.down()
    world = World.begin(shown)
    await world.clear()
    figures = await _deliver(world, shown)
    report = await _play(world, shown)
    wrong = await verify.verify(games.BUNDLED.read_text(), report.finished, world.stores.database_from_here)
    figures |= _played(report, len(wrong)) | {"seconds": round(time.monotonic() - began, 1)}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n")
    await _leave(world, shown)
    return _verdict(figures)


async def _deliver(world: World, shown: Terminal) -> dict[str, Any]:
    began = time.monotonic()
    with shown.stage("git push: operator, game, projects, settings"):
        world.push("The project")
        await world.bootstrap()
    with shown.stage("Argo CD brings the operator"):
        await world.settled("chess-operator", seconds=240)
    with shown.stage("Argo CD brings the game"):
        await world.settled("chess", seconds=240)
    delivered = time.monotonic() - began
    with shown.stage("git push: maxReplicas 6"):
        world.edit(lambda spec: spec["scaling"].update(maxReplicas=6))
        pushed = time.monotonic()
        revision = world.push("Let at most six replicas serve")
        await until("maxReplicas 6 is in force", lambda: _in_force(world), 60)
        in_force = time.monotonic() - pushed
        await world.settled("chess", revision=revision)
    return {"bootstrap_s": round(delivered, 1), "push_to_in_force_s": round(in_force, 1)}


async def _in_force(world: World) -> str | None:
    found = await world.cluster()
    seen = found["status"]["observedGeneration"] == found["metadata"]["generation"]
    return None if seen and found["spec"]["scaling"]["maxReplicas"] == 6 else "not yet"  # noqa: PLR2004 - as pushed


async def _play(world: World, shown: Terminal) -> Report:
    port = await world.entry()
    with shown.stage(f"{PLAYERS} players at 127.0.0.1:{port}") as note:
        pace = Pace(think_s=0.2, rest_s=0.2)
        async with Fleet("127.0.0.1", port, games.load(games.BUNDLED), players=PLAYERS, pace=pace) as fleet:
            await until("a game for every two", lambda: _games(fleet, note), PLAY_S)
            return await fleet.finish(PLAY_S)


async def _games(fleet: Fleet, note: Any) -> str | None:
    counts = fleet.counts
    note(f"{counts.games} games, {counts.moves} moves")
    return None if counts.games >= PLAYERS // 2 else f"{counts.games} games"


def _played(report: Report, wrong: int) -> dict[str, int]:
    counts = report.counts
    return {
        "games": counts.games, "moves": counts.moves, "dropped": counts.dropped, "lost": counts.lost,
        "wrong_positions": wrong,
    }  # fmt: skip


async def _leave(world: World, shown: Terminal) -> None:
    if os.environ.get("KEEP"):
        print(f"kept: Argo CD at {world.running.server_url}, its repository cloned at {world.checkout.root}, "
              f"KUBECONFIG={world.running.kubeconfig}")  # fmt: skip
        return
    with shown.stage("taking it out again"):
        await world.clear()
        await world.kubectl.run("delete", "namespace", "argocd", "--ignore-not-found", timeout_s=90)
        argocd.down()


def _verdict(figures: dict[str, Any]) -> int:
    for name, value in figures.items():
        print(f"  {name:<20} {value}")
    print(f"  {'written to':<20} {Path(os.path.relpath(OUT))}; game in namespace {GAMES}")
    harm = [name for name in ("dropped", "lost", "wrong_positions") if figures[name]]
    for name in harm:
        print(f"demo-gitops: {figures[name]} {name}", file=sys.stderr)
    return 1 if harm or not figures["games"] else 0


if __name__ == "__main__":
    main()
