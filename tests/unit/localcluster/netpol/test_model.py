"""The API's objects, read into values."""

from typing import Any

from chess_localcluster.netpol import model


def pod(ip: str, *, phase: str = "Running", **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "game", "labels": {}},
        "spec": {"containers": []} | spec,
        "status": {"podIP": ip, "phase": phase},
    }


def test_pods_without_an_address_of_their_own_do_not_count() -> None:
    pods = [pod(""), pod("10.88.0.8", phase="Succeeded"), pod("10.88.0.1", hostNetwork=True)]
    assert model.read_pods(pods) == ()
    assert [found.ip for found in model.read_pods([*pods, pod("10.88.0.2")])] == ["10.88.0.2"]
