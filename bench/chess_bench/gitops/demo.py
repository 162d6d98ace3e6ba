"""`make demo-gitops`: from an empty cluster to a played game through Git alone.

It ends whatever it started, on success, failure and Ctrl-C alike, unless KEEP=1. Exit codes: 0 all as
promised, 1 the demo failed (each reason on its own line), 2 a wrong setting.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.ledger import Report
from chess_bench.bots.pace import Pace
from chess_bench.cluster import setup, targets
from chess_bench.cluster.kubectl import KubectlError
from chess_bench.cluster.polling import TooLateError, until
from chess_bench.console import runner
from chess_bench.console.screen import Screen
from chess_bench.console.stages import Stages
from chess_bench.gitops.service import GAMES, PROJECT, GitOpsService, refuse_foreign, refuse_others
from chess_bench.settings import SettingsError, read, refuse_arguments
from chess_bench.verification.promises import PlayerPromises
from chess_bench.verification.verifier import VerifyError, verify
from chess_localcluster.argocd import run as argocd
from chess_localcluster.build import gitops_tools
from chess_localcluster.errors import ClusterError
from chess_localcluster.progress import Terminal

PLAYERS = 10
PLAY_SECONDS = 120
BOUND = 6
"""`maxReplicas` as it is pushed while the service runs."""
PASSWORD = "{{.data.password|base64decode}}"  # noqa: S105 - how kubectl shows it
OUT = PROJECT / "out" / "demo-gitops.json"
EXPECTED = (ClusterError, KubectlError, targets.TargetError, TooLateError, VerifyError)
ARGO_CD = "Argo CD, the operator and the game (`make demo-gitops` begins anew)"


async def demo(stages: Stages, *, keep: bool) -> int:
    """Go through all stages; the result is printed before anything is removed."""
    with stages.stage("Helm, kustomize and Argo CD"):
        wanted = (gitops_tools.HELM, gitops_tools.KUSTOMIZE, gitops_tools.ARGOCD)
        gitops_tools.ensure(*wanted, progress=Terminal())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(setup.cluster(stages, None, keep=keep))
        service = await stack.enter_async_context(_empty(stages, keep=keep))
        figures = await _deliver(service, stages)
        report = await _play(service, stages)
        with stages.stage("verification"):
            reading, database = games.load(games.BUNDLED), service.stores.database_from_here
            wrong = await verify(reading, report.finished, database, await service.uid())
        promises = PlayerPromises(players=PLAYERS, report=report, wrong=wrong, unverified=None)
        code = _conclude(stages, figures | _played(report, len(wrong)), promises.broken())
        if keep:
            _how_to_look_around(stages.screen, service)
        return code


@asynccontextmanager
async def _empty(stages: Stages, *, keep: bool) -> AsyncIterator[GitOpsService]:
    """Yield the service before it is delivered: an empty cluster, with Argo CD and a repository to push to."""
    await refuse_others(targets.local_kubectl())
    await refuse_foreign(targets.local_kubectl())
    clone = Path(tempfile.mkdtemp(prefix="chess-gitops-"))
    stages.started(ARGO_CD)
    async with AsyncExitStack() as stack:
        if not keep:
            stack.callback(stages.ended, ARGO_CD)
            stack.callback(shutil.rmtree, clone)
            stack.callback(argocd.down)
        with stages.stage("Argo CD and a Git server"):
            argocd.down()
            service = GitOpsService.begin(Terminal(), clone)
            await service.clear()
        if not keep:
            stack.push_async_callback(_leave, stages, service)
        yield service


async def _leave(stages: Stages, service: GitOpsService) -> None:
    with stages.stage("removing everything"):
        await service.leave()


async def _deliver(service: GitOpsService, stages: Stages) -> dict[str, Any]:
    began = time.monotonic()
    with stages.stage("git push, and one kubectl apply -k manifests/argocd/local"):
        service.push("The project")
        await service.bootstrap()
    parts = {
        "chess-operator": "operator",
        "chess-entry": "way in",
        "chess": "game",
        "chess-root": "root Application",
    }
    for name, what in parts.items():
        with stages.stage(f"Argo CD brings the {what}"):
            await service.settled(name, seconds=240)
    delivered = time.monotonic() - began
    with stages.stage(f"git push: maxReplicas {BOUND}"):
        service.edit(lambda spec: spec["scaling"].update(maxReplicas=BOUND))
        pushed = time.monotonic()
        revision = service.push(f"Let at most {BOUND} replicas serve")
        await until(f"maxReplicas {BOUND} is in force", lambda: _in_force(service), 60)
        in_force = time.monotonic() - pushed
        await service.settled("chess", revision=revision)
    return {"bootstrap_seconds": round(delivered, 1), "push_to_in_force_seconds": round(in_force, 1)}


async def _in_force(service: GitOpsService) -> str | None:
    found = await service.cluster()
    seen = found["status"]["observedGeneration"] == found["metadata"]["generation"]
    return None if seen and found["spec"]["scaling"]["maxReplicas"] == BOUND else "not yet"


async def _play(service: GitOpsService, stages: Stages) -> Report:
    port = await service.entry()
    with stages.stage(f"{PLAYERS} players connect to 127.0.0.1:{port}"):
        pace = Pace(think_seconds=0.2, rest_seconds=0.2)
        async with Fleet(
            "127.0.0.1", port, games.load(games.BUNDLED).games, players=PLAYERS, pace=pace
        ) as fleet:
            await until("a game for every two", lambda: _games(fleet), PLAY_SECONDS)
            return await fleet.finish(PLAY_SECONDS)


async def _games(fleet: Fleet) -> str | None:
    return None if fleet.counts.games >= PLAYERS // 2 else f"{fleet.counts.games} games"


def _played(report: Report, wrong: int) -> dict[str, int]:
    counts = report.counts
    return {
        "games": counts.games, "moves": counts.moves, "dropped": counts.dropped, "lost": counts.lost,
        "wrong_positions": wrong,
    }  # fmt: skip


def _conclude(stages: Stages, figures: dict[str, Any], broken: Sequence[str]) -> int:
    screen = stages.screen
    figures |= {"seconds": round(screen.elapsed, 1)}
    seconds = {name: round(seconds, 1) for name, seconds in stages.seconds.items()}
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures | {"stages": seconds}, indent=2) + "\n")
    screen.table("ChessCluster through Git alone", [(name, str(value)) for name, value in figures.items()])
    for line in broken:
        screen.print(f"FAILED: {line}", "red")
    screen.print(
        f"{'demo failed' if broken else 'all as promised'}; figures are in {os.path.relpath(OUT)}", "bold"
    )
    return 1 if broken else 0


def _how_to_look_around(screen: Screen, service: GitOpsService) -> None:
    kubectl = ".venv/bin/localcluster kubectl"
    screen.print("left running because of KEEP=1; to look around:")
    for text in (
        f"Argo CD: {service.running.server_url}, user admin, its password by",
        f"{kubectl} -n argocd get secret argocd-initial-admin-secret -o go-template='{PASSWORD}'",
        f"edit, commit and push: {service.checkout.root}",
        f"{kubectl} -n argocd get applications -w",
        f"{kubectl} -n {GAMES} get chess -w",
        "make down",
    ):
        screen.print(f"    {text}")


def main() -> int:
    """Read the setting and run."""
    refuse_arguments("chess_bench.gitops.demo", __doc__)
    try:
        settings = read({"KEEP": os.environ.get("KEEP", "")})
    except SettingsError as error:
        print(f"demo-gitops: {error}", file=sys.stderr)
        return 2
    with Screen() as screen:
        stages = Stages(screen)
        return runner.run(stages, demo(stages, keep=settings.keep), EXPECTED)


if __name__ == "__main__":
    sys.exit(main())
