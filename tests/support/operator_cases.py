"""ChessClusters, pods and what is observed of them, as the operator's unit tests vary them."""

from typing import Any

from chess_operator.api.model import ChessClusterSpec, parse
from chess_operator.decide.values import Observed, Pod

STORE = {"urlSecretRef": {"name": "store", "key": "url"}}
SMALLEST: dict[str, Any] = {"server": {"image": "chess-server:1"}, "redis": STORE, "database": STORE}


def spec(**more: Any) -> ChessClusterSpec:
    """Make the smallest spec, with these parts."""
    return parse({**SMALLEST, **more})


def pod(name: str = "p", **changes: Any) -> Pod:
    """Make a ready pod; `deadline` makes it drain until then."""
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


def observed(*pods: Pod, **more: Any) -> Observed:
    """Make what is observed: these pods, and no Deployment unless it is given."""
    plain: dict[str, Any] = {
        "name": "arena",
        "namespace": "chess",
        "uid": "u",
        "generation": 1,
        "revision": "r1",
        "pods": pods,
    }
    return Observed(**plain | more)
