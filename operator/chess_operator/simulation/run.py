"""Drive `decide` through a trace: whenever the load changes, a pod changes, or a decision asked to be woken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chess_operator.api.model import ChessClusterSpec
from chess_operator.decide import decide
from chess_operator.decide.values import Decision, History
from chess_operator.simulation.cluster import SimulatedCluster
from chess_operator.simulation.trace import Point

_SHOWN = ("Created", "ScaledOut", "ScaledIn", "Drained")
_ROUNDS = 20
"""Decisions about one moment settle within few rounds; more would mean that they never do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The state after the decisions of one moment."""

    at_ms: int
    connections: int
    wanted: int | None
    desired: int
    ready: int
    draining: int
    unserved: int
    reason: str
    message: str


def run(spec: ChessClusterSpec, trace: Sequence[Point], *, origin_ms: int, start_ms: int) -> Iterator[Row]:
    """Yield a row for every moment at which something was decided. `origin_ms` is the epoch time of second 0."""
    world = SimulatedCluster(
        start_ms=start_ms, handover_ms=spec.drain.reconnect_window_seconds * 1000, now_ms=origin_ms
    )
    past, ahead = History(), list(trace)
    end_ms = origin_ms + trace[-1].at_ms
    moment: int | None = origin_ms
    while moment is not None and moment <= end_ms:
        world.advance(moment)
        while ahead and origin_ms + ahead[0].at_ms <= moment:
            world.load(ahead.pop(0).connections)
        shown, decision = _settle(spec, world, past)
        past = decision.history
        yield _row(world, shown, decision, moment - origin_ms)
        coming = (world.next_ms(), decision.wake_at_ms, origin_ms + ahead[0].at_ms if ahead else None)
        moment = min((one for one in coming if one is not None and one > moment), default=None)


def _settle(spec: ChessClusterSpec, world: SimulatedCluster, past: History) -> tuple[Decision, Decision]:
    """Decide until nothing changes; return the decision worth showing, and the last one."""
    made: list[Decision] = []
    for _ in range(_ROUNDS):
        before = (world.replicas, dict(world.pods))
        decision = decide(spec, world.observed(), world.census(), past, world.now_ms)
        world.apply(decision)
        made.append(decision)
        past = decision.history
        if before == (world.replicas, world.pods):
            return next((one for one in made if one.reason in _SHOWN), decision), decision
    raise RuntimeError(f"decisions never settle at {world.now_ms}: {decision.reason}: {decision.message}")


def _row(world: SimulatedCluster, shown: Decision, last: Decision, at_ms: int) -> Row:
    pods = world.pods.values()
    return Row(
        at_ms=at_ms,
        connections=sum(world.players.values()) + world.unserved,
        wanted=last.wanted,
        desired=last.desired,
        ready=sum(pod.ready and not pod.draining for pod in pods),
        draining=sum(pod.draining for pod in pods),
        unserved=world.unserved,
        reason=shown.reason,
        message=shown.message,
    )
