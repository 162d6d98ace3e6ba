"""What the kubelet's probes are answered."""

import pytest

from chess_server.pod.probes import StoresState, liveness, readiness

WELL = StoresState(failing_seconds={"redis": 0, "postgresql": 0}, reason="")
READ_ONLY = StoresState(
    failing_seconds={"redis": 0, "postgresql": 61}, reason="postgresql: read-only\ntransaction"
)
BLIP = StoresState(failing_seconds={"redis": 59, "postgresql": 0}, reason="redis: Timeout")
SILENT = StoresState(failing_seconds={"redis": 61, "postgresql": 0}, reason="")


@pytest.mark.parametrize(
    "started, stopping, stores, status, line",
    [
        pytest.param(1, 0, WELL, 200, "ready", id="both stores answer"),
        pytest.param(1, 0, BLIP, 200, "ready", id="a store fails within its grace"),
        pytest.param(1, 0, READ_ONLY, 503, "postgresql: read-only transaction", id="longer: the reason in one line"),
        pytest.param(1, 0, SILENT, 503, "redis does not answer", id="without an error to report"),
        pytest.param(0, 0, WELL, 503, "starting", id="not started yet"),
        pytest.param(0, 0, BLIP, 503, "starting; redis: Timeout", id="and why not"),
        pytest.param(1, 1, READ_ONLY, 503, "stopping", id="after SIGTERM"),
    ],
)  # fmt: skip
def test_readiness(started: int, stopping: int, stores: StoresState, status: int, line: str) -> None:
    answer = readiness(started=bool(started), stopping=bool(stopping), stores=stores, grace_seconds=60)
    assert (int(answer.status[:3]), answer.body.decode()) == (status, f"{line}\n")


def test_liveness_names_the_loops_that_stay_dead() -> None:
    assert liveness([]) == ("200 OK", b"alive\n", "text/plain; charset=utf-8")
    assert liveness(["committer", "seats"]).body == b"does not come back: committer, seats\n"
