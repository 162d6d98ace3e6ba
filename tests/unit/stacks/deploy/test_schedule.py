"""The DAG executor."""

import os
import signal
import threading
import time
from collections.abc import Callable

import pytest

from chess_stacks.deploy import schedule

DIAMOND = {
    "a": frozenset[str](),
    "b": frozenset({"a"}),
    "c": frozenset({"a"}),
    "d": frozenset({"b", "c"}),
}


def run(
    work: Callable[[str], bool], needs: dict[str, frozenset[str]] | None = None, parallel: int = 4
) -> dict[str, bool]:
    return schedule.run(needs or DIAMOND, work, lambda good: good, parallel=parallel)


def test_nothing_begins_before_what_it_needs() -> None:
    ended: list[str] = []
    lock = threading.Lock()

    def work(key: str) -> bool:
        with lock:
            assert DIAMOND[key] <= set(ended)
            ended.append(key)
        return True

    assert run(work) == dict.fromkeys("abcd", True)


def test_independent_jobs_run_at_once() -> None:
    meeting = threading.Barrier(2, timeout=60)

    def work(key: str) -> bool:
        if key in ("b", "c"):
            meeting.wait()  # breaks unless both are under way
        return True

    assert run(work)["d"]


def test_a_failure_lets_running_jobs_finish_and_begins_no_other() -> None:
    meeting = threading.Barrier(2, timeout=60)

    def work(key: str) -> bool:
        if key in ("b", "c"):
            meeting.wait()
        return key != "b"

    assert run(work) == {"a": True, "b": False, "c": True}


def test_one_at_a_time_keeps_the_order_of_the_graph() -> None:
    seen: list[str] = []
    run(lambda key: bool(seen.append(key)) or True, parallel=1)
    assert seen == ["a", "b", "c", "d"]


@pytest.mark.parametrize("seconds", [0, 0.01, 0.3])
def test_ctrl_c_at_any_moment_stops_new_jobs_and_hurries_the_running_ones(seconds: float) -> None:
    hurried = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def work(_key: str) -> bool:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)  # 0: before the main thread waits for this job
        return hurried.wait(60)

    done = schedule.run(DIAMOND, work, lambda good: good, parallel=2, interrupted=hurried.set)
    assert done == {"a": True}
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_stays_ignored_where_it_was() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        done = run(lambda _key: os.kill(os.getpid(), signal.SIGINT) is None)
    finally:
        signal.signal(signal.SIGINT, before)
    assert done == dict.fromkeys(DIAMOND, True)


def test_reverse_deletes_dependents_first() -> None:
    assert schedule.reverse(DIAMOND) == {
        "d": frozenset(),
        "c": frozenset({"d"}),
        "b": frozenset({"d"}),
        "a": frozenset({"b", "c"}),
    }


def test_subset_keeps_the_needs_between_what_is_left() -> None:
    assert schedule.subset(DIAMOND, frozenset({"a", "d"})) == {"a": frozenset(), "d": frozenset()}
