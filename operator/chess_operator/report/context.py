"""One reconcile of one ChessCluster: what it found and what it decided. It is applied and then reported."""

from dataclasses import dataclass

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.resources.kinds import Manifest
from chess_operator.decide.values import Decision, Observed
from chess_operator.report.conditions import Problem
from chess_presence.census import Census


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a reconcile works on once it could decide."""

    cluster: Manifest
    spec: ChessClusterSpec
    store_ports: tuple[int, int]
    """Of Redis and PostgreSQL."""
    observed: Observed
    census: Census
    decision: Decision
    now_ms: int
    """Redis time: drain deadlines are compared with it."""
    trouble: Problem | None = None
    """What needs a person: pods that do not run, pods that cannot be created."""
    waiting: Problem | None = None
    """What pods wait for that may come by itself: a node."""
