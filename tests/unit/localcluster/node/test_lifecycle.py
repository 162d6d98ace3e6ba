"""When a node counts as Ready, and what goes with it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from chess_localcluster.controlplane.api import Api
from chess_localcluster.node import lifecycle
from chess_localcluster.node.lifecycle import is_ready
from chess_localcluster.paths import Home

RESTARTED = datetime(2026, 11, 25, 20, 0, 5, tzinfo=UTC)


class OneNode:
    """Stands where the API is."""

    def __init__(self, node: dict[str, Any] | None) -> None:
        self.node = node

    def get(self, _path: str) -> dict[str, Any] | None:
        return self.node


def node(status: str, second: int) -> dict[str, Any]:
    ready = {"type": "Ready", "status": status, "lastHeartbeatTime": f"2026-11-25T20:00:{second:02}Z"}
    return {"status": {"conditions": [{"type": "DiskPressure", "status": "False"}, ready]}}


@pytest.mark.parametrize(
    "found, since, expected",
    [
        pytest.param(None, None, False, id="no node yet"),
        pytest.param({}, None, False, id="no status yet"),
        pytest.param(node("False", 9), None, False, id="not Ready"),
        pytest.param(node("True", 1), None, True, id="Ready"),
        pytest.param(node("True", 4), RESTARTED, False, id="reported by the kubelet before this one"),
        pytest.param(node("False", 6), RESTARTED, False, id="this one reports that it is not Ready"),
        pytest.param(node("True", 5), RESTARTED, True, id="this one reports that it is"),
    ],
)
def test_a_node_is_ready_when_its_kubelet_reports_it(
    found: dict[str, Any] | None,
    since: datetime | None,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert is_ready(cast("Api", OneNode(found)), since) is expected


def test_what_shims_and_runc_left_goes_and_others_files_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, run = Home(root=tmp_path / "home"), tmp_path / "run" / "containerd"
    for name in ("POD_LOG_LINKS", "CNI_RESULTS"):
        monkeypatch.setattr(lifecycle, name, tmp_path / name / "x")
    monkeypatch.setattr(lifecycle, "SHIM_SOCKETS", run / "s")
    monkeypatch.setattr(lifecycle, "RUNC_STATES", run / "runc")
    for one in ("ours", "theirs"):
        (run / "runc" / "k8s.io" / one).mkdir(parents=True)
        (run / "runc" / "k8s.io" / one / "state.json").write_text("{}")
    (run / "s").mkdir()
    (run / "s" / "shim").touch()
    bundle = home.node / "containerd-state" / "io.containerd.runtime.v2.task" / "k8s.io" / "ours"
    bundle.mkdir(parents=True)
    (bundle / "bootstrap.json").write_text(json.dumps({"address": f"unix://{run}/s/shim"}))

    lifecycle.remove_files(home)
    assert sorted(path.name for path in run.rglob("*")) == ["k8s.io", "runc", "state.json", "theirs"]

    (run / "runc" / "k8s.io" / "theirs" / "state.json").unlink()
    (run / "runc" / "k8s.io" / "theirs").rmdir()
    lifecycle.remove_files(home)
    assert not run.exists()
