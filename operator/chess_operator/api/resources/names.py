"""Names that more than one part must agree on: of a ChessCluster, its colours, its children, its pods' inside."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from chess_operator.api.resources.kinds import CLUSTERS, GROUP, Kind

Colour = Literal["blue", "green"]
COLOURS: tuple[Colour, ...] = ("blue", "green")

CLUSTER_LABEL = f"{GROUP}/cluster"
CONTAINER = "server"
"""The container of a pod in which the server runs."""
CLUSTER_UID_VARIABLE = "CHESS_CLUSTER_UID"
"""The variable that gives a server the uid of its ChessCluster."""
SYSTEM_NAMESPACE = "chess-system"
LEASE_NAME = "chess-operator"
CLAIM_NAME = "chess-operator-claim"
"""The Lease by which an operator of some namespaces looks after one of them."""


class Key(NamedTuple):
    """A ChessCluster's address."""

    namespace: str
    name: str


def key_of(kind: Kind, body: Mapping[str, object]) -> Key | None:
    """Find the ChessCluster that an object belongs to."""
    meta = body["metadata"]
    assert isinstance(meta, Mapping)  # noqa: S101 - the API serves no object without metadata
    name = meta["name"] if kind is CLUSTERS else (meta.get("labels") or {}).get(CLUSTER_LABEL)
    return Key(meta["namespace"], name) if name else None


def token_keys_name(cluster: str) -> str:
    """Name the Secret with the keys of players' tokens."""
    return f"{cluster}-token-keys"


def child_name(cluster: str, colour: Colour) -> str:
    """Name a colour's Deployment, Service and PodDisruptionBudget."""
    return f"{cluster}-{colour}"
