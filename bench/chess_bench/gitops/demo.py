"""`make demo-gitops`: from an empty cluster to a played game through Git alone.

Whatever it started it ends again, on success, failure and Ctrl-C alike, unless KEEP=1. Exit codes: 0 all went as
promised, 1 it did not (each reason on its own line), 2 a wrong setting.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from chess_bench import demo_settings, games, hosting, running, targets
from chess_bench.fleet import Fleet
from chess_bench.gitops.world import GAMES, PROJECT, TooLateError, World, refuse_others, until
from chess_bench.kubectl import KubectlError
from chess_bench.ledger import Report
from chess_bench.pace import Pace
from chess_bench.screen import Screen
from chess_bench.steps import Steps
from chess_bench.verify import VerifyError, verify
from chess_localcluster.argocd import run as argocd
from chess_localcluster.build import gitops_tools
from chess_localcluster.errors import ClusterError
from chess_localcluster.progress import Terminal

PLAYERS = 10
PLAY_S = 120
BOUND = 6
"""`maxReplicas` as it is pushed while the service runs."""
PASSWORD = "{{.data.password|base64decode}}"  # noqa: S105 - how kubectl shows it
OUT = PROJECT / "out" / "demo-gitops.json"
TOLD = (ClusterError, KubectlError, targets.TargetError, TooLateError, VerifyError)
ARGO_CD = "Argo CD, the operator and the game (`make demo-gitops` begins anew)"


async def demo(steps: Steps, *, keep: bool) -> int:
    """Go through all stages; the result is told before anything is taken away again."""
    with steps.step("Helm, kustomize and Argo CD"):
        wanted = (gitops_tools.HELM, gitops_tools.KUSTOMIZE, gitops_tools.ARGOCD)
        gitops_tools.ensure(*wanted, progress=Terminal())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(hosting.cluster(steps, None, keep=keep))
        world = await stack.enter_async_context(_empty(steps, keep=keep))
        figures = await _deliver(world, steps)
        report = await _play(world, steps)
        with steps.step("verification"):
            source, database = games.BUNDLED.read_text(), world.stores.database_from_here
            wrong = await verify(source, report.finished, database)
        code = _conclude(steps, figures | _played(report, len(wrong)))
        if keep:
            _how_to_look_around(steps.screen, world)
        return code


@asynccontextmanager
async def _empty(steps: Steps, *, keep: bool) -> AsyncIterator[World]:
    """Give a cluster that has nothing of the service, with Argo CD beside it and a repository to push to."""
    await refuse_others(targets.local_kubectl())
    clone = Path(tempfile.mkdtemp(prefix="chess-gitops-"))
    steps.stands(ARGO_CD)
    async with AsyncExitStack() as stack:
        if not keep:
            stack.callback(steps.away, ARGO_CD)
            stack.callback(shutil.rmtree, clone)
            stack.callback(argocd.down)
        with steps.step("Argo CD and a Git server"):
            argocd.down()
            world = World.begin(Terminal(), clone)
            await world.clear()
        if not keep:
            stack.push_async_callback(_leave, steps, world)
        yield world


async def _leave(steps: Steps, world: World) -> None:
    with steps.step("taking it out again"):
        await world.leave()


async def _deliver(world: World, steps: Steps) -> dict[str, Any]:
    began = time.monotonic()
    with steps.step("git push, and one kubectl apply -k manifests/argocd/local"):
        world.push("The project")
        await world.bootstrap()
    for name, what in (("chess-operator", "operator"), ("chess", "game"), ("chess-root", "root Application")):
        with steps.step(f"Argo CD brings the {what}"):
            await world.settled(name, seconds=240)
    delivered = time.monotonic() - began
    with steps.step(f"git push: maxReplicas {BOUND}"):
        world.edit(lambda spec: spec["scaling"].update(maxReplicas=BOUND))
        pushed = time.monotonic()
        revision = world.push(f"Let at most {BOUND} replicas serve")
        await until(f"maxReplicas {BOUND} is in force", lambda: _in_force(world), 60)
        in_force = time.monotonic() - pushed
        await world.settled("chess", revision=revision)
    return {"bootstrap_s": round(delivered, 1), "push_to_in_force_s": round(in_force, 1)}


async def _in_force(world: World) -> str | None:
    found = await world.cluster()
    seen = found["status"]["observedGeneration"] == found["metadata"]["generation"]
    return None if seen and found["spec"]["scaling"]["maxReplicas"] == BOUND else "not yet"


async def _play(world: World, steps: Steps) -> Report:
    port = await world.entry()
    with steps.step(f"{PLAYERS} players enter by 127.0.0.1:{port}"):
        pace = Pace(think_s=0.2, rest_s=0.2)
        async with Fleet("127.0.0.1", port, games.load(games.BUNDLED), players=PLAYERS, pace=pace) as fleet:
            await until("a game for every two", lambda: _games(fleet), PLAY_S)
            return await fleet.finish(PLAY_S)


async def _games(fleet: Fleet) -> str | None:
    return None if fleet.counts.games >= PLAYERS // 2 else f"{fleet.counts.games} games"


def _played(report: Report, wrong: int) -> dict[str, int]:
    counts = report.counts
    return {
        "games": counts.games, "moves": counts.moves, "dropped": counts.dropped, "lost": counts.lost,
        "wrong_positions": wrong,
    }  # fmt: skip


def _conclude(steps: Steps, figures: dict[str, Any]) -> int:
    screen = steps.screen
    figures |= {"seconds": round(screen.elapsed, 1)}
    stages = {name: round(seconds, 1) for name, seconds in steps.seconds.items()}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures | {"stages": stages}, indent=2) + "\n")
    screen.table("ChessCluster through Git alone", [(name, str(value)) for name, value in figures.items()])
    harm = [name for name in ("dropped", "lost", "wrong_positions") if figures[name]]
    harm += [] if figures["games"] else ["no game"]
    for name in harm:
        screen.say(f"FAILED: {name} {figures.get(name, '')}", "red")
    screen.say(
        f"{'not as promised' if harm else 'all as promised'}; figures in {os.path.relpath(OUT)}", "bold"
    )
    return 1 if harm else 0


def _how_to_look_around(screen: Screen, world: World) -> None:
    kubectl = ".venv/bin/localcluster kubectl"
    screen.say("left running, as KEEP=1 asks; look around:")
    for text in (
        f"Argo CD: {world.running.server_url}, user admin, its password by",
        f"{kubectl} -n argocd get secret argocd-initial-admin-secret -o go-template='{PASSWORD}'",
        f"edit, commit and push: {world.checkout.root}",
        f"{kubectl} -n argocd get applications -w",
        f"{kubectl} -n {GAMES} get chess -w",
        "make down",
    ):
        screen.say(f"    {text}")


def main() -> int:
    """Read the setting and run."""
    demo_settings.refuse_arguments("chess_bench.gitops.demo", __doc__)
    try:
        settings = demo_settings.read({"KEEP": os.environ.get("KEEP", "")})
    except demo_settings.SettingsError as error:
        print(f"demo-gitops: {error}", file=sys.stderr)
        return 2
    with Screen() as screen:
        steps = Steps(screen)
        return running.run(steps, demo(steps, keep=settings.keep), TOLD)


if __name__ == "__main__":
    sys.exit(main())
