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


def test_one_that_argo_cd_has_not_looked_at() -> None:
    found = Application.of({"metadata": {"name": "chess"}})
    assert (found.sync, found.health, found.phase) == ("Unknown", "Missing", "")
