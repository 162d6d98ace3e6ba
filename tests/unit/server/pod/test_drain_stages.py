"""The stages of a drain, whatever came before it."""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chess_server.pod.drain_stages import FAREWELL_SECONDS, STAGES, DrainState

SERVING = DrainState()


@pytest.mark.parametrize(
    "state, now, clients, stage",
    [
        pytest.param(SERVING, 5, 1, "serving", id="no order"),
        pytest.param(DrainState(deadline=10), 9, 1, "asking", id="clients are left"),
        pytest.param(DrainState(deadline=10), 9, 0, "over", id="nobody is left"),
        pytest.param(DrainState(deadline=10), 10, 1, "closing", id="the deadline has come"),
        pytest.param(DrainState(deadline=10, closed_at=60), 61, 1, "closing", id="the closed may still answer"),
        pytest.param(DrainState(deadline=10, closed_at=60), 60 + FAREWELL_SECONDS, 1, "over", id="they did not"),
        pytest.param(DrainState(deadline=10, closed_at=60), 60, 0, "over", id="all have answered"),
    ],
)  # fmt: skip
def test_the_stage_of_a_drain(state: DrainState, now: float, clients: int, stage: str) -> None:
    assert state.stage(now, clients=clients > 0) == stage
    assert not state.finished(now, clients=clients > 0)
    final = DrainState(deadline=state.deadline, final=state.deadline is not None, closed_at=state.closed_at)
    assert final.finished(now, clients=clients > 0) == (stage == "over")


def test_every_case_of_an_ordered_drain_has_a_stage() -> None:
    impossible = {(False, True, True), (False, False, True)}  # nobody is closed before the deadline
    every = {
        (late, left, waited) for late in (True, False) for left in (True, False) for waited in (True, False)
    }
    assert set(STAGES) == every - impossible


class Drains(RuleBasedStateMachine):
    """Marks, take-backs, SIGTERM and clients in any order, against what each promises by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.now, self.clients = SERVING, 0.0, 3
        self.deadlines: list[float] = []
        self.final = False
        self.closed_since_final = False

    @rule(seconds=st.sampled_from([0.0, 1.0, 30.0]), final=st.booleans())
    def begin(self, *, seconds: float, final: bool) -> None:
        self.deadlines.append(self.now + seconds)
        self.final = self.final or final
        self.state = self.state.begin(self.now + seconds, final=final)

    @rule()
    def cancel(self) -> None:
        self.state = self.state.cancel()
        if not self.final:
            self.deadlines = []

    @rule(seconds=st.sampled_from([0.1, 2.5, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(count=st.integers(0, 2))
    def clients_come_or_go(self, count: int) -> None:
        self.clients = count

    @rule()
    def the_loop_looks(self) -> None:
        if self.state.deadline is not None and self.now >= self.state.deadline:
            self.state = self.state.closed(self.now)
            self.closed_since_final = self.closed_since_final or self.final

    @invariant()
    def an_order_holds_until_it_is_taken_back(self) -> None:
        assert self.state.deadline == min(self.deadlines, default=None)

    @invariant()
    def it_ends_only_after_a_final_order_with_nobody_left_or_all_of_them_closed(self) -> None:
        over = self.state.finished(self.now, clients=self.clients > 0)
        if over:
            assert self.final
            assert self.clients == 0 or self.closed_since_final
        if self.final and self.clients == 0:
            assert over


TestDrains: Any = Drains.TestCase
TestDrains.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
