"""Short ways to say what is observed: three ready pods at minute ten, unless a test says otherwise."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chess_operator.api.model import parse
from chess_operator.decide import decide
from chess_operator.decide.values import Decision, History, Observed, Pod, Workload
from chess_presence.census import Census

NOW = 600_000


def _pod(name: str, **changes: Any) -> Pod:
    plain: dict[str, Any] = {
        "uid": name,
        "name": name,
        "colour": "blue",
        "revision": "r1",
        "resource_version": f"v-{name}",
        "phase": "Running",
        "scheduled": True,
        "ready": True,
        "created_at_ms": 0,
        "running_since_ms": 1_000,
    }
    if "deadline" in changes:
        plain |= {"drain_deadline_ms": changes.pop("deadline"), "serving": False, "deletion_cost": -1_000_000}
    return Pod(**plain | changes)


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
    """Target 10 connections a replica, 1 to 10 replicas, no buffer, tolerance or window, unless told."""
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
    url = {"urlSecretRef": {"name": "store", "key": "url"}}
    whole = {
        "server": {"image": "x"},
        "redis": url,
        "database": url,
        "scaling": plain | scaling,
        **(spec or {}),
    }
    count = len([pod for pod in pods if pod.active]) if replicas is None else replicas
    workload = Workload(colour="blue", replicas=count, resource_version="7", revision="r1")
    seen: dict[str, Any] = {
        "name": "chess", "namespace": "games", "uid": "u", "generation": 1, "revision": "r1",
        "workloads": {"blue": workload}, "pods": tuple(pods), **(observed or {}),
    }  # fmt: skip
    return decide(
        parse(whole),
        Observed(**seen),
        Census(connections=connections, **(census or {})),
        history or History(),
        now_ms,
    )


@pytest.fixture
def pod() -> Callable[..., Pod]:
    return _pod


@pytest.fixture
def decided() -> Callable[..., Decision]:
    return _decide


@pytest.fixture
def now() -> int:
    return NOW
