"""When a node counts as Ready."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from chess_localcluster.controlplane.api import Api
from chess_localcluster.node.lifecycle import is_ready

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
