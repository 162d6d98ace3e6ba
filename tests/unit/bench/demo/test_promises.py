"""When a demo has failed, and why: each broken promise is its own line, and none is missed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from demo_run import exit_code, outcome, scale_in, step

from chess_bench.demo.outcome import Outcome
from chess_bench.demo.steps import Phase
from chess_bench.demo.timeline import OperatorPod, Replicas
from chess_bench.verification.comparison import Wrong


def test_a_broken_promise_of_players_fails_it() -> None:
    broken = outcome(wrong=[Wrong(game_id="g", reason="not in PostgreSQL")])
    assert broken.failures() == ["1 wrong games; first: g: not in PostgreSQL"]


def _set(**changes: object) -> Callable[[Outcome], None]:
    def change(broken: Outcome) -> None:
        for name, value in changes.items():
            setattr(broken.timeline, name, value)

    return change


def _steps(*taken: object) -> Callable[[Outcome], None]:
    def change(broken: Outcome) -> None:
        broken.timeline.steps.taken = list(taken)  # type: ignore[arg-type]

    return change


@pytest.mark.parametrize(
    "change, line",
    [
        pytest.param(
            _set(curve=[]), "the replicas are unknown: no watch has reported a Deployment", id="unknown"
        ),
        pytest.param(_set(scale_outs=[]), "0 scale-outs; at least 3 are required", id="no-scale-out"),
        pytest.param(
            _set(curve=[Replicas(at=10.0, replicas=6, ready=5)]),
            "at most 5 replicas were ready; all players together need 6",
            id="peak",
        ),
        pytest.param(
            _set(operators={"o": OperatorPod(name="operator", restarted_before=1, restarted=3)}),
            "the operator's operator restarted 2 times",
            id="operator-restarted",
        ),
        pytest.param(
            _set(operators={}),
            "the operator's restarts are unknown: no watch has reported its pod",
            id="operator-unknown",
        ),
        pytest.param(_set(replicas=3), "3 replicas at the end; minReplicas is 2", id="not-back"),
        pytest.param(
            _steps(step(3, 1.0, 1.2), step(4, 1.0, None)),
            "1 of 2 replicas that were due never came: the 4th",
            id="missing",
        ),
        pytest.param(
            _steps(step(3, 1.0, 1.2), step(4, 1.0, 56.0)),
            "1 of 2 replicas came late: the 4th, up to 55.0 s after they were due; at most 30 s are allowed",
            id="late",
        ),
        pytest.param(
            _set(scale_ins={"a": scale_in("a", 40), "b": scale_in("b", 19)}),
            "1 scale-ins chose a pod with 20 games or more; at least 2 must",
            id="idle-pods",
        ),
        pytest.param(
            _set(scale_ins={"a": scale_in("a", 40), "b": scale_in("b", None)}),
            "1 scale-ins chose a pod with 20 games or more; at least 2 must",
            id="unknown-pods-are-not-busy",
        ),
        pytest.param(
            _set(scale_ins={uid: scale_in(uid, 40, left=5 * (uid == "b")) for uid in "abc"}),
            "b was deleted with 5 connections",
            id="with-connections",
        ),
        pytest.param(
            _set(scale_ins={uid: scale_in(uid, 40, left=None if uid == "b" else 0) for uid in "abc"}),
            "b was deleted, and with how many connections is unknown",
            id="unknown-is-not-0",
        ),
        pytest.param(_set(unmarked_deletions=["c"]), "c was deleted without a drain", id="no-drain"),
        pytest.param(_set(restarts={"a": 0, "b": 28}), "b restarted 28 times", id="restarts"),
        pytest.param(
            _set(heartbeats={}), "no pod's connections are known: no heartbeat was read", id="no-heartbeats"
        ),
        pytest.param(
            lambda broken: broken.timeline.heartbeats.pop("b"),
            "b was ready, and no heartbeat of it was read",
            id="a-silent-pod",
        ),
    ],
)
def test_replicas_and_pods_that_break_a_promise_end_it_with_1(
    change: Callable[[Outcome], None], line: str, tmp_path: Path
) -> None:
    broken = outcome()
    change(broken)
    assert broken.failures() == [line]
    assert exit_code(broken, tmp_path / "demo.json") == 1
    assert json.loads((tmp_path / "demo.json").read_text())["failures"] == [line]


def test_a_kept_word_ends_it_with_0(tmp_path: Path) -> None:
    assert exit_code(outcome(), tmp_path / "demo.json") == 0


def test_a_replica_that_was_wanted_for_a_moment_while_pods_drained_fails_nothing() -> None:
    seen = outcome()
    seen.timeline.steps.taken.append(step(3, 1.0, None, Phase.LEAVING))
    assert seen.failures() == []
    assert seen.figures()["reactions_missing"] == 1
