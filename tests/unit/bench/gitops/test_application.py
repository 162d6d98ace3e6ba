"""An Application is good when it is Synced, of the right health, at the right revision, with no operation running."""

from typing import Any

import pytest

from chess_bench.gitops.application import Application

GOOD: dict[str, Any] = {
    "sync": {"status": "Synced", "revision": "abc"},
    "health": {"status": "Healthy"},
    "operationState": {"phase": "Succeeded", "message": "done", "syncResult": {"revision": "abc"}},
}


def _read(**changed: Any) -> Application:
    return Application.of({"metadata": {"name": "chess"}, "status": GOOD | changed})


def test_good() -> None:
    assert _read().unlike("Healthy", "abc") is None
    assert _read().unlike("Healthy", None) is None


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"sync": {"status": "OutOfSync", "revision": "abc"}}, id="out of sync"),
        pytest.param({"sync": {"status": "Synced", "revision": "old"}}, id="synced to another revision"),
        pytest.param({"health": {"status": "Progressing"}}, id="of another health"),
        pytest.param({"operationState": {"phase": "Running"}}, id="still at work"),
    ],
)
def test_not_good(changed: dict[str, Any]) -> None:
    assert _read(**changed).unlike("Healthy", "abc") is not None


def test_the_message_holds_what_failed_and_why() -> None:
    results = [
        {"status": "SyncFailed", "message": "CEL says no"},
        {"status": "Synced", "message": "configured"},
    ]
    operation = {
        "phase": "Failed",
        "message": "one or more objects failed",
        "syncResult": {"resources": results},
    }
    found = _read(operationState=operation)
    assert found.message == "one or more objects failed; CEL says no"


@pytest.mark.parametrize(
    "operation, failing",
    [
        pytest.param({"phase": "Failed", "finishedAt": "12:00"}, True, id="given up"),
        pytest.param({"phase": "Running", "finishedAt": "12:00"}, True, id="between two tries"),
        pytest.param({"phase": "Running"}, False, id="at work"),
        pytest.param({"phase": "Succeeded", "finishedAt": "12:00"}, False, id="done"),
    ],
)
def test_a_try_that_has_failed(operation: dict[str, Any], *, failing: bool) -> None:
    assert _read(operationState=operation).failing is failing


def test_one_that_argo_cd_has_not_looked_at() -> None:
    found = Application.of({"metadata": {"name": "chess"}})
    assert (found.sync, found.health, found.phase) == ("Unknown", "Missing", "")
