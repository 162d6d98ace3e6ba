"""One server, started for the purpose, under one kind of load: its samples of one round."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chess_bench.server.driver import Driver
from chess_bench.server.figures import ACK, ANEW, ECHO, IDLE, LATE, MOVE, PLAYER, SAME, Sample
from chess_bench.server.plan import Plan
from chess_bench.server.running import Running, running
from chess_bench.server.stores import Stores
from chess_bench.server.subjects import OUT, Subject

WARM_GAMES, WARM_PLIES = 10, 10
RETURN_PLY = 12
IDLE_FIRST = 100
"""Sockets before those that count: a server's first ones bring what all later ones share."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all measurements of a run share."""

    stores: Stores
    plan: Plan
    lines: Path

    @contextmanager
    def loaded(self, subject: Subject) -> Iterator[tuple[Running, Driver]]:
        """Run a server on empty stores, and a load process beside it."""
        with running(subject, self.stores.fresh(), _log(subject.name)) as server, self._load(server) as load:
            yield server, load

    def _load(self, server: Running) -> Driver:
        return Driver("load", str(server.port), str(server.pid), str(self.lines))

    def moves(self, subject: Subject, number: int, *, late: bool = True) -> list[Sample]:
        """Measure players and moves: what a move costs early and late, and how soon it is acknowledged."""
        plan = self.plan
        window = {"warm_seconds": plan.warm_seconds, "seconds": plan.seconds}
        with self.loaded(subject) as (_server, load):
            load.order("pair", group="warm", games=WARM_GAMES)
            load.order("forward", group="warm", ply=WARM_PLIES)
            found = {PLAYER: load.order("pair", group="all", games=plan.games)}
            found[MOVE] = load.order("play", group="all", rate=plan.rate, **window)
            found[ACK] = load.order("play", group="all", rate=plan.ack_rate, **window)
            if late:
                load.order("pair", group="late", games=plan.late_games)
                load.order("forward", group="late", ply=plan.late_ply)
                found[LATE] = load.order("play", group="late", rate=plan.rate, **window)
        return _samples(subject, number, found)

    def idle(self, subject: Subject, number: int) -> list[Sample]:
        """Measure sockets that send nothing."""
        with self.loaded(subject) as (_server, load):
            load.order("idle", sockets=IDLE_FIRST)
            return _samples(subject, number, {IDLE: load.order("idle", sockets=self.plan.idle)})

    def echo(self, subject: Subject, number: int) -> list[Sample]:
        """Measure a frame to and fro."""
        plan = self.plan
        with (
            running(subject, {}, _log("echo")) as server,
            Driver("echo", str(server.port), str(server.pid)) as load,
        ):
            answer = load.order(
                "echo", connections=plan.echo_sockets, rate=plan.echo_rate, seconds=plan.seconds * 0.6
            )
        return _samples(subject, number, {ECHO: answer})

    def grown(self, subject: Subject, number: int, connections: int) -> list[Sample]:
        """Measure a move's cost and a player's memory among that many connections."""
        plan = self.plan
        with self.loaded(subject) as (_server, load):
            load.order("pair", group="warm", games=WARM_GAMES)
            players = load.order("pair", group="all", games=connections // 2)
            window = {"warm_seconds": plan.warm_seconds, "seconds": plan.seconds}
            moves = load.order("play", group="all", rate=plan.ack_rate, **window)
        return _samples(subject, number, {f"growth_{connections}": {**players, **moves}})

    def returns(self, subject: Subject, number: int) -> list[Sample]:
        """Measure players who all come back at once: to their server, and to the one after it, which knows no game."""
        plan, environment, log = self.plan, self.stores.fresh(), _log(subject.name)
        with ExitStack() as stack:
            server = stack.enter_context(running(subject, environment, log))
            load = stack.enter_context(self._load(server))
            load.order("pair", group="all", games=plan.players // 2)
            load.order("forward", group="all", ply=RETURN_PLY)
            found = {SAME: load.order("come_back", within_seconds=plan.return_seconds)}
            server.end()
            anew = stack.enter_context(running(subject, environment, log, server.port))
            found[ANEW] = load.order("come_back", within_seconds=plan.return_seconds, pid=anew.pid)
        return _samples(subject, number, found)


def _log(name: str) -> Path:
    log = OUT / "server-logs" / f"{name.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    return log


def _samples(subject: Subject, number: int, found: dict[str, dict[str, Any]]) -> list[Sample]:
    return [
        Sample(round=number, subject=subject.name, measure=measure, values=values)
        for measure, values in found.items()
    ]
