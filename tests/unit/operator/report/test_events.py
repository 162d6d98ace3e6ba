"""Events compare each decision with the one before: what has changed is recorded once, with its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import operator_cases as cases
import pytest

from chess_operator.decide import decide
from chess_operator.decide.values import Condition, DrainOrder, History, Pod, UndrainOrder
from chess_operator.report.conditions import Problem
from chess_operator.report.context import Context
from chess_operator.report.event_recorder import EventRecorder
from chess_operator.report.events import DecisionEvents
from chess_presence.census import Census

NOW = 600_000
LATER = 900_000
DRAINING = cases.pod("a", deadline=LATER)


@dataclass
class Recorded:
    """Stands in for the recorder."""

    events: list[tuple[str, str, str]] = field(default_factory=list)

    def record(self, _: Any, reason: str, note: str, *, kind: str = "Normal", **__: Any) -> None:
        self.events.append((kind, reason, note))

    def reasons(self) -> list[str]:
        found = [reason for _, reason, _ in self.events]
        self.events.clear()
        return found


@pytest.fixture
def recorded() -> Recorded:
    return Recorded()


@pytest.fixture
def events(recorded: Recorded) -> DecisionEvents:
    return DecisionEvents(cast("EventRecorder", recorded))


def context(
    *pods: Pod,
    census: Mapping[str, Any] | None = None,
    now_ms: int = NOW,
    before: int | None = 2,
    **decided: Any,
) -> Context:
    spec, observed = cases.spec(), cases.observed(*pods)
    counted = Census(**(census or {}))
    decision = replace(decide(spec, observed, counted, History(), now_ms), desired=2)
    return Context(
        cluster={
            "metadata": {"name": "arena"},
            "status": {} if before is None else {"desiredReplicas": before},
        },
        spec=spec,
        store_ports=(6379, 5432),
        observed=observed,
        census=counted,
        decision=replace(decision, **decided),
        now_ms=now_ms,
    )


def turned(name: str, *, status: bool) -> dict[str, Any]:
    made = decide(cases.spec(), cases.observed(), Census(), History(), NOW).conditions
    return {"conditions": replace(made, **{name: Condition(status=status, reason="Why", message="how")})}


@pytest.mark.parametrize(
    "before, desired, reasons",
    [(None, 2, ["Created"]), (2, 2, []), (2, 3, ["ScaledOut"]), (2, 1, ["ScaledIn"])],
    ids=["the first decision", "nothing changed", "out", "in"],
)
def test_replicas(
    events: DecisionEvents, recorded: Recorded, before: int | None, desired: int, reasons: list[str]
) -> None:
    events.decided(context(before=before, desired=desired))
    assert recorded.reasons() == reasons
    events.decided(context(before=before, desired=desired))
    assert recorded.reasons() == []


def test_a_drain_that_begins_and_one_that_is_undone(events: DecisionEvents, recorded: Recorded) -> None:
    drain = DrainOrder(uid="a", deadline_ms=LATER, resource_version="1", connections=7)
    events.decided(context(cases.pod("a"), drains=(drain,)))
    assert recorded.events == [("Normal", "DrainBegan", "pod a hands over 7 connections, deadline in 300 s")]
    recorded.events.clear()
    events.decided(context(DRAINING, census={"connections": {"a": 7}}))
    events.decided(context(cases.pod("a"), undrains=(UndrainOrder(uid="a", connections=5),)))
    assert recorded.events == [("Normal", "DrainTakenBack", "pod a serves again, with 5 connections")]


@pytest.mark.parametrize(
    "last, now_ms, event",
    [
        ({"connections": {"a": 0}, "draining": frozenset("a")}, NOW, ("Normal", "DrainDone")),
        ({"connections": {"a": 4}, "draining": frozenset("a")}, LATER, ("Warning", "DrainDeadline")),
        ({"connections": {"a": 4}, "draining": frozenset("a")}, NOW, ("Warning", "DrainCut")),
    ],
    ids=["empty", "at its deadline", "too early"],
)
def test_how_a_drain_ended(
    events: DecisionEvents, recorded: Recorded, last: dict[str, Any], now_ms: int, event: tuple[str, str]
) -> None:
    events.decided(context(DRAINING, census=last))
    events.decided(context(DRAINING))  # its record has expired, its last number counts
    events.decided(context(now_ms=now_ms))
    assert [(kind, reason) for kind, reason, _ in recorded.events] == [event]


@pytest.mark.parametrize(
    "name, condition, kind",
    [
        ("fallback", "Fallback", "Warning"),
        ("rollout_pending", "RolloutPending", "Normal"),
        ("paused", "Paused", "Normal"),
    ],
)
def test_a_condition_that_begins_and_ends(
    events: DecisionEvents, recorded: Recorded, name: str, condition: str, kind: str
) -> None:
    for status in (True, True, False, False):
        events.decided(context(**turned(name, status=status)))
    assert [(one, reason) for one, reason, _ in recorded.events] == [
        (kind, "Why"),
        ("Normal", f"{condition}Over"),
    ]


def test_a_problem_is_a_warning(events: DecisionEvents, recorded: Recorded) -> None:
    events.problem({}, Problem(reason="SecretNotFound", message="Secret n/s does not exist"))
    assert recorded.events == [("Warning", "SecretNotFound", "Secret n/s does not exist")]
