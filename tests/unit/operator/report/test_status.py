"""The status as the API shows it."""

from typing import Any

import operator_cases as cases
import pytest
from operator_cases import pod, spec

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.model.status import CONDITIONS, ChessClusterStatus
from chess_operator.api.revision import revision
from chess_operator.decide import decide
from chess_operator.decide.values import History, Observed, Pod, Workload
from chess_operator.report.conditions import Problem
from chess_operator.report.context import Context
from chess_operator.report.status import halted, status, urgent
from chess_presence.census import Census

NOW = 1_795_000_000_000


CLUSTER = {"metadata": {"name": "arena"}, "spec": {}, "status": {"connections": 99, "desiredReplicas": 2}}


def context(*pods: Pod, census: Census | None = None, **more: Any) -> Context:
    made = spec(scaling={"minReplicas": 2}, **more)
    seen = observed(made, *pods)
    census = census or Census(connections={one.uid: 7 for one in pods})
    return Context(
        cluster=CLUSTER,
        spec=made,
        store_ports=(6379, 5432),
        observed=seen,
        census=census,
        decision=decide(made, seen, census, History(), NOW),
        now_ms=NOW,
    )


def observed(made: ChessClusterSpec, *pods: Pod) -> Observed:
    work = Workload(colour="blue", replicas=2, resource_version="1", revision=revision(made))
    return cases.observed(*pods, generation=4, revision=revision(made), workloads={"blue": work})


def conditions_of(made: dict[str, Any]) -> dict[str, str]:
    return {one["type"]: one["status"] for one in made["conditions"]}


def test_it_fits_its_own_schema_and_has_every_condition() -> None:
    made = status(context(pod("a"), pod("b")), NOW)
    ChessClusterStatus.model_validate(made)
    assert set(conditions_of(made)) == set(CONDITIONS)
    assert (made["phase"], made["readyReplicas"], made["connections"]) == ("Running", 2, 14)
    assert made["weight"] == "blue=100"
    assert made["rollout"] == {"stable": "blue", "weights": {"blue": 100}}


@pytest.mark.parametrize(
    "pods, more, phase",
    [
        ((pod("a"), pod("b")), {"paused": True}, "Paused"),
        ((), {}, "Pending"),
        ((pod("a"), pod("b", ready=False)), {}, "Scaling"),
        ((pod("a"), pod("b"), pod("c", serving=False, drain_deadline_ms=NOW + 9)), {}, "Draining"),
    ],
    ids=["paused", "no pod yet", "one on its way", "one drains"],
)
def test_one_word(pods: tuple[Pod, ...], more: dict[str, Any], phase: str) -> None:
    assert status(context(*pods, **more), NOW)["phase"] == phase


def test_an_unreachable_redis_does_not_turn_the_count_to_zero_or_ready_to_false() -> None:
    made = status(context(pod("a"), pod("b"), census=Census(unreachable=True)), NOW)
    assert made["connections"] == 99
    assert conditions_of(made)["Ready"] == "True"
    assert conditions_of(made)["ScalingActive"] == "False"


def test_a_problem_is_reported_and_what_was_known_stays() -> None:
    problem = Problem(reason="SecretNotFound", message="Secret n/s does not exist")
    made = halted(CLUSTER, observed(spec(), pod("a")), problem, NOW, valid=False)
    ChessClusterStatus.model_validate(made)
    assert set(conditions_of(made)) == set(CONDITIONS)
    assert (made["phase"], made["desiredReplicas"], made["connections"]) == ("Degraded", 2, 99)
    ready = next(one for one in made["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", problem.reason, problem.message)


def test_a_count_may_wait_but_a_condition_may_not() -> None:
    one = status(context(pod("a"), pod("b")), NOW)
    more = status(context(pod("a"), pod("b"), census=Census(connections={"a": 8, "b": 9})), NOW + 1000)
    assert one != more
    assert urgent(one) == urgent(more)
    paused = status(context(pod("a"), pod("b"), paused=True), NOW)
    assert urgent(one) != urgent(paused)
