"""The revision changes with what shapes a pod, and with nothing else. A changed hash restarts every fleet."""

from typing import Any

import pytest
from operator_cases import spec

from chess_operator.api.revision import revision


def test_it_never_changes() -> None:
    assert revision(spec()) == "07df403df9"


@pytest.mark.parametrize(
    "change",
    [
        {"server": {"image": "chess-server:2"}},
        {"server": {"image": "chess-server:1", "resources": {"requests": {"cpu": "1"}}}},
        {"server": {"image": "chess-server:1", "env": [{"name": "A", "value": "b"}]}},
        {"redis": {"urlSecretRef": {"name": "other", "key": "url"}}},
        {"database": {"urlSecretRef": {"name": "other", "key": "url"}}},
        {"drain": {"deadlineSeconds": 60}},
        {"scaling": {"maxConnectionsPerReplica": 5000}},
    ],
)
def test_what_shapes_a_pod_changes_it(change: dict[str, Any]) -> None:
    assert revision(spec(**change)) != revision(spec())


@pytest.mark.parametrize(
    "change",
    [
        {"paused": True},
        {"replicas": 7},
        {
            "scaling": {
                "minReplicas": 3,
                "maxReplicas": 30,
                "targetConnectionsPerReplica": 100,
                "mode": "External",
            }
        },
        {"scaling": {"maxConnectionsPerReplica": 3000}},
        {"drain": {"deadlineSeconds": 1800}},
        {
            "server": {
                "image": "chess-server:1",
                "imagePullPolicy": "IfNotPresent",
                "podTemplate": {},
                "resources": {},
            }
        },
        {"podDisruptionBudget": {"maxUnavailable": 2}},
        {"networkPolicy": {"enabled": False}},
    ],
)
def test_what_does_not_shape_a_pod_leaves_it(change: dict[str, Any]) -> None:
    assert revision(spec(**change)) == revision(spec())
