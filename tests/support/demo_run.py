"""A demo that kept its word, made of values: tests take one and break one promise of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from chess_bench.bots import games
from chess_bench.bots.durations import Spread
from chess_bench.bots.ledger import Counts, Finished, Report
from chess_bench.console.screen import Screen
from chess_bench.console.stages import Stages
from chess_bench.demo.__main__ import Run, conclude
from chess_bench.demo.outcome import Outcome
from chess_bench.demo.steps import Phase, Step, Steps
from chess_bench.demo.timeline import OperatorPod, Replicas, ScaleIn, ScaleOut, Timeline
from chess_bench.settings import Settings
from chess_presence.records import Heartbeat

PLAYERS = 400
SPREAD = Spread(count=16_000, p50_seconds=0.01, p99_seconds=0.02, longest_seconds=0.5)
REPORT = Report(
    counts=Counts(players=PLAYERS, games=200, moves=16_000, handshakes=800),
    drops=(),
    faults=(),
    finished=tuple(Finished(game_id=f"g{n}", number=1, result="1-0") for n in range(200)),
    lost_players=(),
    stranded=(),
    nack_codes={},
    resume_seconds=(),
    acks=SPREAD,
    acks_by_phase={Phase.COMING: SPREAD},
    never_admitted=(),
    never_played=(),
)


def scale_in(pod: str, games: int | None, left: int | None = 0) -> ScaleIn:
    return ScaleIn(
        pod=pod,
        marked_at=1.0,
        connections_when_marked=games,
        games_when_marked=games,
        deleted_at=2.0,
        connections_when_deleted=left,
        games_when_deleted=left,
    )


def step(number: int, due_at: float, came_at: float | None, phase: Phase = Phase.COMING) -> Step:
    return Step(number=number, phase=phase, due_at=due_at, came_at=came_at)


def timeline(settings: Settings) -> Timeline:
    steps = Steps(wanted=settings.wanted)
    steps.taken = [step(number, 10.0, 10.0 + number / 10) for number in (3, 4, 5)]
    made = Timeline(steps=steps, replicas=2)
    made.scale_outs = [
        ScaleOut(at=10.0 + n, before=n, after=n + 1, reaction_seconds=n / 10) for n in (2, 3, 4)
    ]
    made.curve = [Replicas(at=10.0, replicas=7, ready=7)]
    made.scale_ins = {"a": scale_in("a", 40), "b": scale_in("b", 20), "c": scale_in("c", 1)}
    made.were_ready = {uid: uid for uid in "abc"}
    made.operators = {"o": OperatorPod(name="operator", restarted_before=1, restarted=1)}
    made.heartbeats = {uid: (1.0, Heartbeat(uid=uid, connections=1, games=1)) for uid in "abc"}
    return made


def outcome(report: Report = REPORT, **changes: Any) -> Outcome:
    """Return a demo with so many players as the report has; `changes` are of the outcome."""
    settings = Settings(players=report.counts.players)
    good = Outcome(
        settings=settings,
        report=report,
        timeline=timeline(settings),
        wrong=[],
        unverified=None,
        left_out=[],
        began_at=10.0,
        stages={"cluster": 1.0},
        first_scale_out_seconds=20.0,
    )
    return replace(good, **changes)


def exit_code(ended: Outcome, out: Path) -> int:
    """Let the demo draw its conclusion, and write it to `out`."""
    settings = replace(ended.settings, out=out)
    with Screen() as screen:
        run = Run(settings, games.load(games.BUNDLED), screen, Stages(screen))
        return conclude(run, replace(ended, settings=settings))
