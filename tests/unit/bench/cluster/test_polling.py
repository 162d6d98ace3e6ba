"""Waiting ends when nothing is missing, or at the deadline with what was missing last."""

import pytest

from chess_bench.cluster import polling
from chess_bench.cluster.kubectl import KubectlError
from chess_bench.cluster.polling import TooLateError, until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "POLL_SECONDS", 0.001)


async def test_it_ends_when_nothing_is_missing() -> None:
    answers = iter(["2 of 3 replicas", None])
    assert await until("3 replicas", lambda: next(answers), 5) > 0


async def test_it_awaits_coroutine_functions_and_a_failed_kubectl_is_not_yet() -> None:
    calls = 0

    async def missing() -> str | None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KubectlError("connection refused")
        return None

    await until("the API server answers", missing, 5)
    assert calls == 2


async def test_the_deadline_reports_what_was_missing_last() -> None:
    with pytest.raises(TooLateError, match=r"^3 replicas: not within 0 s; last: 2 of 3 replicas$"):
        await until("3 replicas", lambda: "2 of 3 replicas", 0.01)
