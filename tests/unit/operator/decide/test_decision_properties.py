"""What holds for every load: scale-out, scale-in, and what no restart or missing record may do."""

import random
from dataclasses import dataclass, field, replace

import operator_cases
from hypothesis import given, settings
from hypothesis import strategies as st

from chess_operator.api.model import ChessClusterSpec
from chess_operator.decide import decide
from chess_operator.decide.values import Decision, History
from chess_operator.simulation.cluster import SimulatedCluster

WINDOW_SECONDS = 60


@st.composite
def specs(draw: st.DrawFn) -> ChessClusterSpec:
    low = draw(st.integers(1, 4))
    target = draw(st.integers(5, 50))
    scaling = {
        "minReplicas": low,
        "maxReplicas": low + draw(st.integers(0, 10)),
        "targetConnectionsPerReplica": target,
        "maxConnectionsPerReplica": target * 2,
        "bufferSize": draw(st.sampled_from([0, 7, "0%", "10%", "50%"])),
        "behavior": {
            "scaleUp": {"tolerance": draw(st.sampled_from(["0", "0.1"]))},
            "scaleDown": {
                "stabilizationWindowSeconds": WINDOW_SECONDS,
                "selectPolicy": draw(st.sampled_from(["Max", "Min"])),
                "policies": [{"type": "Pods", "value": draw(st.integers(1, 5)), "periodSeconds": 30}],
            },
        },
    }
    return operator_cases.spec(scaling=scaling, drain={"deadlineSeconds": 60})


loads = st.lists(st.tuples(st.integers(1, 90), st.integers(0, 400)), min_size=1, max_size=12)


@dataclass
class Operator:
    """Decides and applies, and keeps every decision."""

    spec: ChessClusterSpec
    world: SimulatedCluster
    past: History = field(default_factory=History)
    decisions: list[Decision] = field(default_factory=list)

    def settle(self) -> None:
        for _ in range(20):
            before = (self.world.replicas, dict(self.world.pods))
            decision = self.decide()
            self.world.apply(decision)
            if before == (self.world.replicas, self.world.pods):
                return
        raise AssertionError(f"no end: {self.decisions[-1]}")

    def decide(self) -> Decision:
        decision = decide(self.spec, self.world.observed(), self.world.census(), self.past, self.world.now_ms)
        self.past = decision.history
        self.decisions.append(decision)
        return decision

    def until(self, end_ms: int) -> None:
        """Wake for pods and when decisions ask for it, until this time."""
        while True:
            wakes = (self.world.next_ms(), self.decisions[-1].wake_at_ms if self.decisions else None)
            moment = min(
                (one for one in wakes if one is not None and self.world.now_ms < one < end_ms), default=end_ms
            )
            self.world.advance(moment)
            self.settle()
            if moment == end_ms:
                return


def started(spec: ChessClusterSpec, seed: int = 0) -> Operator:
    chance = random.Random(seed)  # noqa: S311 - ties, not secrets
    world = SimulatedCluster(now_ms=1_000_000, handover_ms=10_000, tie=lambda _: chance.random())
    operator = Operator(spec, world)
    operator.settle()
    return operator


def play(operator: Operator, loads: list[tuple[int, int]]) -> None:
    for seconds, players in loads:
        operator.world.load(players)
        operator.settle()
        operator.until(operator.world.now_ms + seconds * 1000)


@given(specs(), loads, st.integers())
@settings(deadline=None, max_examples=60)
def test_nobody_is_dropped_and_the_limits_hold(
    spec: ChessClusterSpec, loads: list[tuple[int, int]], seed: int
) -> None:
    operator = started(spec, seed)
    play(operator, loads)
    for pod, players in operator.world.deleted:
        assert pod.draining, f"{pod.name} went without a drain"
        assert players == 0, f"{pod.name} went with {players} players"
    for decision in operator.decisions:
        assert spec.scaling.min_replicas <= decision.desired <= spec.scaling.max_replicas


@given(specs(), loads)
@settings(deadline=None, max_examples=40)
def test_a_constant_load_comes_to_rest_with_enough_replicas(
    spec: ChessClusterSpec, loads: list[tuple[int, int]]
) -> None:
    operator = started(spec)
    play(operator, loads)
    operator.until(operator.world.now_ms + 3_600_000)
    decision = operator.decide()
    pods = operator.world.pods.values()
    assert decision.reason == "Steady"
    assert decision.desired == operator.world.replicas == sum(pod.ready and pod.serving for pod in pods)
    assert decision.wanted is not None
    assert decision.desired == min(max(decision.wanted, spec.scaling.min_replicas), spec.scaling.max_replicas)
    assert operator.decide() == decision, "deciding again on the applied result changes nothing"


@given(specs(), loads, st.sets(st.integers(1, 30)))
@settings(deadline=None, max_examples=40)
def test_pods_that_never_start_hold_up_nobody(
    spec: ChessClusterSpec, loads: list[tuple[int, int]], broken: set[int]
) -> None:
    operator = started(spec)
    operator.world.breaks = lambda pod: int(pod.name.removeprefix("pod-")) in broken
    play(operator, loads)
    play(operator, [(3_600, 0)])
    last = operator.decisions[-1]
    assert last.wanted is not None
    assert operator.world.replicas == last.desired
    assert last.desired == max(spec.scaling.min_replicas, min(last.wanted, spec.scaling.max_replicas))
    assert not any(pod.draining for pod in operator.world.pods.values())
    assert all(players == 0 for _, players in operator.world.deleted)


@given(specs(), loads)
@settings(deadline=None, max_examples=40)
def test_nothing_is_scaled_in_within_a_window_of_a_higher_load(
    spec: ChessClusterSpec, loads: list[tuple[int, int]]
) -> None:
    operator = started(spec)
    asked: list[tuple[int, int]] = []
    for seconds, players in loads:
        operator.world.load(players)
        first = len(operator.decisions)
        operator.settle()
        for decision in operator.decisions[first:]:
            now = operator.world.now_ms
            recent = [want for at, want in asked if at > now - WINDOW_SECONDS * 1000]
            highest = min(max(recent, default=0), spec.scaling.max_replicas)
            if decision.reason == "ScaledIn":
                assert decision.desired >= highest
            asked.append((now, decision.wanted or 0))
        operator.until(operator.world.now_ms + seconds * 1000)


@given(specs(), loads, st.integers(0, 400))
@settings(deadline=None, max_examples=40)
def test_a_successor_without_history_scales_nothing_in_for_a_window(
    spec: ChessClusterSpec, loads: list[tuple[int, int]], players: int
) -> None:
    operator = started(spec)
    play(operator, loads)
    operator.past, serving = History(), operator.decisions[-1].desired
    operator.world.load(players)
    operator.decisions.clear()
    operator.settle()
    operator.until(operator.world.now_ms + (WINDOW_SECONDS - 1) * 1000)
    assert all(decision.desired >= serving for decision in operator.decisions)


@given(specs(), loads, st.integers(0, 400), st.booleans())
@settings(deadline=None, max_examples=40)
def test_an_incomplete_census_scales_nothing_in(
    spec: ChessClusterSpec,
    loads: list[tuple[int, int]],
    players: int,
    redis_answers: bool,  # noqa: FBT001 - hypothesis draws it
) -> None:
    operator = started(spec)
    play(operator, loads)
    operator.until(operator.world.now_ms + 2_000)  # every pod runs, so that one can be silent
    operator.world.load(players)
    census = operator.world.census()
    silent = dict(sorted(census.connections.items())[:1])
    counted = {uid: count for uid, count in census.connections.items() if uid not in silent and redis_answers}
    blind = replace(
        census,
        connections=counted,
        draining=census.draining & counted.keys(),
        missing=silent,
        unreachable=not redis_answers,
    )
    for seconds in (0, 1, 16, 400, 4000):
        observed = operator.world.observed()
        decision = decide(spec, observed, blind, operator.past, operator.world.now_ms + seconds * 1000)
        assert decision.plans["blue"].replicas >= observed.workloads["blue"].replicas
        assert decision.plans["blue"].guard is None
        assert not decision.drains
        assert decision.conditions.scaling_active.status is False
