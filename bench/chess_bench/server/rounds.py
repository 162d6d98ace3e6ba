"""Rounds: the servers that can be had, one after another, so that each round compares like with like."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from chess_bench.console.screen import Screen
from chess_bench.server import peers, subjects
from chess_bench.server.figures import Sample, document
from chess_bench.server.measure import Bench
from chess_bench.server.plan import order
from chess_bench.server.subjects import Subject, SubjectError


class Run:
    """One run: the servers that are to be had, the samples so far, and why others are missing."""

    def __init__(self, bench: Bench, screen: Screen) -> None:
        self.bench, self.screen = bench, screen
        self.samples: list[Sample] = []
        self.skipped: dict[str, str] = {}
        self.load_before = os.getloadavg()[0]

    def servers(self, makers: Sequence[tuple[str, Callable[[], Subject]]]) -> dict[str, Subject]:
        """Make servers ready; note those that cannot be."""
        ready: dict[str, Subject] = {}
        for name, make in makers:
            try:
                ready[name] = make()
            except SubjectError as error:
                self.skip(name, str(error))
        return ready

    def versions(self) -> dict[str, Subject]:
        """Return the version before, and this one."""
        before = [] if self.bench.plan.alone else [("starting", subjects.starting)]
        return self.servers([*before, ("current", lambda: subjects.current(self.bench.plan.this))])

    def take(self, what: str, measure: Callable[[], list[Sample]]) -> None:
        """Measure, and show the result; a server that fails is left out of this round, with the reason."""
        try:
            found = measure()
        except SubjectError as error:
            self.skip(what, str(error))
            return
        self.samples += found
        for sample in found:
            self.screen.print(f"{sample.round + 1}  {sample.subject}  {sample.measure}: {_short(sample)}")

    def skip(self, name: str, reason: str) -> None:
        """Note what is missing, and why."""
        self.skipped[name] = reason
        self.screen.print(f"{name}: left out: {reason}", "yellow")

    def document(self) -> dict[str, Any]:
        """Return everything that the run found."""
        about = {
            "commit": self.bench.plan.this or subjects.head(),
            "starting_commit": subjects.STARTING_COMMIT,
            "cores": os.cpu_count(),
            "load_average_before": round(self.load_before, 2),
            "rounds": self.bench.plan.rounds,
            "rate": self.bench.plan.rate,
            "ack_rate": self.bench.plan.ack_rate,
            "seconds": round(self.screen.elapsed),
            "skipped": self.skipped,
        }
        return document(self.samples, about)


def _short(sample: Sample) -> str:
    shown = {
        key: value for key, value in sample.values.items() if value != {} and key not in ("games", "sockets")
    }
    return "  ".join(
        f"{key} {value:.2f}" if isinstance(value, float) else f"{key} {value}" for key, value in shown.items()
    )


def cost(run: Run) -> None:
    """Measure what a move, a socket and an echo cost, round by round."""
    bench, rounds = run.bench, run.bench.plan.rounds
    versions = run.versions()
    hundred = run.servers([("hundred_lines", subjects.hundred_lines)] if bench.plan.peers else [])
    echoes = run.servers(list(peers.ECHOES.items()) if bench.plan.peers else [])
    for number in range(rounds):
        for name in order(list(versions), number):
            run.take(name, partial(bench.moves, versions[name], number))
            run.take(name, partial(bench.idle, versions[name], number))
        for server in hundred.values():
            run.take(server.name, partial(bench.moves, server, number, late=False))
        for name in order(list(echoes), number):
            run.take(name, partial(bench.echo, echoes[name], number))


def growth(run: Run) -> None:
    """Measure moves and players among more and more connections."""
    versions = run.versions()
    for number in range(run.bench.plan.rounds):
        for connections in run.bench.plan.connections:
            for name in order(list(versions), number):
                run.take(name, partial(run.bench.grown, versions[name], number, connections))


def reconnects(run: Run) -> None:
    """Measure players who all come back at once, round by round."""
    versions = run.versions()
    for number in range(run.bench.plan.rounds):
        for name in order(list(versions), number):
            run.take(name, partial(run.bench.returns, versions[name], number))
