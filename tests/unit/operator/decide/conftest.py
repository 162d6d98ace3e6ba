"""Short ways to make a case and its decision, at minute ten."""

from collections.abc import Callable, Mapping
from typing import Any

import operator_cases as cases
import pytest

from chess_operator.decide import decide
from chess_operator.decide.values import Decision, History, Pod, Workload
from chess_presence.census import Census

NOW = 600_000


def _decide(
    pods: list[Pod],
    connections: Mapping[str, int],
    *,
    replicas: int | None = None,
    history: History | None = None,
    now_ms: int = NOW,
    census: Mapping[str, Any] | None = None,
    observed: Mapping[str, Any] | None = None,
    spec: Mapping[str, Any] | None = None,
    **scaling: Any,
) -> Decision:
    """Decide; by default 10 connections per replica, 1 to 10 replicas, no buffer, tolerance or window."""
    plain = {
        "minReplicas": 1,
        "targetConnectionsPerReplica": 10,
        "maxConnectionsPerReplica": 20,
        "bufferSize": 0,
        "behavior": {
            "scaleUp": {"tolerance": 0},
            "scaleDown": {"tolerance": 0, "stabilizationWindowSeconds": 0},
        },
    }
    count = len([pod for pod in pods if pod.active]) if replicas is None else replicas
    workload = Workload(colour="blue", replicas=count, resource_version="7", revision="r1")
    seen: dict[str, Any] = {"workloads": {"blue": workload}, **(observed or {})}
    return decide(
        cases.spec(**{"scaling": plain | scaling, **(spec or {})}),
        cases.observed(*pods, **seen),
        Census(connections=connections, **(census or {})),
        history or History(),
        now_ms,
    )


@pytest.fixture
def pod() -> Callable[..., Pod]:
    return cases.pod


@pytest.fixture
def decided() -> Callable[..., Decision]:
    return _decide


@pytest.fixture
def now() -> int:
    return NOW
