"""`python -m chess_bench.demo`: a cluster, an operator, a ChessCluster, and hundreds of players on it.

The composition root of `make demo`. It ends whatever it started, on success, failure and Ctrl-C alike, unless KEEP=1.
Exit codes: 0 all as promised, 1 the demo failed (each reason on its own line), 2 a wrong setting.
"""

import asyncio
import json
import os
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from chess_bench.bots import games
from chess_bench.bots.fleet import Fleet
from chess_bench.bots.games import GamesError, Reading
from chess_bench.bots.ledger import Report
from chess_bench.bots.pace import Pace
from chess_bench.cluster import objects, setup, targets
from chess_bench.cluster.kubectl import KubectlError
from chess_bench.cluster.targets import Target, TargetError
from chess_bench.console import runner
from chess_bench.console.screen import Screen
from chess_bench.console.stages import Stages
from chess_bench.demo.outcome import Outcome
from chess_bench.demo.progress import Progress
from chess_bench.demo.scenario import Scenario, empty, fill, too_long
from chess_bench.demo.steps import Steps
from chess_bench.demo.timeline import Timeline
from chess_bench.demo.watches import watching
from chess_bench.settings import MAX_REPLICAS, MIN_REPLICAS, Settings, SettingsError, read, refuse_arguments
from chess_bench.verification.comparison import Wrong
from chess_bench.verification.verifier import VerifyError, confirmed, verify

CLUSTER = "demo"
PLAY_DEADLINE_SECONDS = 600.0
SETTLE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Run:
    """What one demo works with."""

    settings: Settings
    reading: Reading
    screen: Screen
    stages: Stages


async def demo(run: Run) -> int:
    """Go through all stages; the result is printed before anything is removed."""
    settings, stages = run.settings, run.stages
    scaling = objects.brisk_scaling(
        minimum=MIN_REPLICAS, maximum=MAX_REPLICAS, target=settings.target, settle_seconds=SETTLE_SECONDS
    )
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(setup.cluster(stages, settings.existing, keep=settings.keep))
        run = replace(run, reading=await _readable(run))
        await stack.enter_async_context(setup.operator(stages, target, keep=settings.keep))
        manifest = objects.chess_cluster(settings.namespace, CLUSTER, target.image, scaling=scaling)
        uid = await stack.enter_async_context(
            setup.chess_cluster(stages, target, manifest, keep=settings.keep)
        )
        return conclude(run, await _play(run, target, uid))


async def _readable(run: Run) -> Reading:
    """Leave out, by number and reason, every game that could not be played and verified."""
    with run.stages.stage("games"):
        reading = await confirmed(run.reading)
        for one in reading.left_out:
            run.screen.print(str(one), "yellow")
        return reading


async def _play(run: Run, target: Target, uid: str) -> Outcome:
    settings, screen, stages = run.settings, run.screen, run.stages
    host, port = await targets.entry(target, settings.namespace, settings.entry)
    screen.print(
        f"{settings.players} players connect to {host}:{port}; one replica per {settings.target} connections"
    )
    clock, steps = asyncio.get_running_loop().time, Steps(wanted=settings.wanted)
    timeline, pace = Timeline(steps=steps), Pace(think_seconds=settings.think_seconds)
    async with Fleet(host, port, run.reading.games, pace=pace) as fleet:
        fleet.counted = lambda count: steps.connections(clock(), count)
        scenario, progress = Scenario(settings, fleet, timeline, screen), Progress(fleet, timeline, screen)
        redis_url, began_at = target.stores.redis_from_here, clock()
        async with (
            watching(timeline, target.kubectl, settings.namespace, CLUSTER, uid, redis_url),
            progress.showing(),
        ):
            report = await _perform(scenario, stages)
        steps.end(clock())
    wrong, unverified = await _verified(run, target, report, uid)
    return Outcome(
        settings=settings,
        report=report,
        timeline=timeline,
        wrong=wrong,
        unverified=unverified,
        left_out=run.reading.left_out,
        began_at=began_at,
        stages=stages.seconds,
        first_scale_out_seconds=progress.first_scale_out_seconds,
    )


async def _verified(run: Run, target: Target, report: Report, cluster: str) -> tuple[list[Wrong], str | None]:
    """Compare the games; if that is not possible, the reason is the result."""
    with run.stages.stage("verification"):
        database = target.stores.database_from_here
        try:
            return await verify(run.reading, report.finished, database, cluster), None
        except VerifyError as error:
            return [], str(error)


async def _perform(scenario: Scenario, stages: Stages) -> Report:
    """Play the scenario, up to its deadline."""
    try:
        async with asyncio.timeout(PLAY_DEADLINE_SECONDS):
            with stages.stage("scale-outs"):
                await fill(scenario)
            with stages.stage("scale-ins"):
                return await empty(scenario)
    except TimeoutError:
        return await scenario.fleet.finish(0)


def conclude(run: Run, outcome: Outcome) -> int:
    """Write and show the result; return the exit code."""
    settings, screen = run.settings, run.screen
    settings.out.parent.mkdir(parents=True, exist_ok=True)
    settings.out.write_text(json.dumps(outcome.figures(), indent=1) + "\n", encoding="utf-8")
    screen.table("ChessCluster demo", outcome.rows())
    failures = outcome.failures()
    for failure in failures:
        screen.print(f"FAILED: {failure}", "red")
    screen.print(f"{'demo failed' if failures else 'all as promised'}; figures are in {settings.out}", "bold")
    if settings.keep:
        _how_to_look_around(run)
    screen.freeze()
    return 1 if failures else 0


def _how_to_look_around(run: Run) -> None:
    existing = run.settings.existing
    kubectl = f"kubectl --context {existing.context}" if existing else ".venv/bin/localcluster kubectl"
    namespace = run.settings.namespace
    run.screen.print("left running because of KEEP=1; to look around:")
    for command in (
        f"{kubectl} -n {namespace} get chess -w",
        f"{kubectl} -n {namespace} describe chess {CLUSTER}",
        f"{kubectl} -n {namespace} get pods,deployments,services,pdb -L chesscluster.dev/serving",
        f"{kubectl} -n {objects.OPERATORS_NAMESPACE} logs -l {objects.OPERATOR} --tail=50",
        f"{kubectl} delete namespace {namespace}" if existing else "make down",
    ):
        run.screen.print(f"    {command}")


def _short_enough(reading: Reading, settings: Settings) -> Reading:
    return reading.without(too_long(reading.games, settings.think_seconds))


def main() -> int:
    """Read the settings, check the games, and run."""
    refuse_arguments("chess_bench.demo", __doc__)
    try:
        settings = read(os.environ)
        chosen = _short_enough(games.load(settings.games_file), settings)
    except (SettingsError, GamesError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    with Screen() as screen:
        run = Run(settings, chosen, screen, Stages(screen))
        return runner.run(run.stages, demo(run), (KubectlError, TargetError, VerifyError, GamesError))


if __name__ == "__main__":
    sys.exit(main())
