"""Labels and annotations that the operator writes and reads. docs/contracts.md is the contract."""

from chess_operator.api.resources.kinds import GROUP
from chess_operator.api.resources.names import CLUSTER_LABEL, Colour

CLUSTER = CLUSTER_LABEL
COLOUR = f"{GROUP}/colour"
SERVING = f"{GROUP}/serving"
REVISION = f"{GROUP}/revision"
DRAIN_DEADLINE = f"{GROUP}/drain-deadline"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
NAME = "app.kubernetes.io/name"
MANAGED_BY = "app.kubernetes.io/managed-by"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"

SERVER = "chess-server"
MANAGER = "chess-operator"
OURS = f"{MANAGED_BY}={MANAGER},{NAME}={SERVER}"
"""Label selector of everything that the operator makes."""


def child_labels(cluster: str) -> dict[str, str]:
    """Labels of every child. Argo CD's tracking labels are never copied from the ChessCluster: it would prune us."""
    return {NAME: SERVER, MANAGED_BY: MANAGER, CLUSTER: cluster}


def colour_selector(cluster: str, colour: Colour) -> dict[str, str]:
    """Select a colour's pods, as its Deployment does. It never changes."""
    return {CLUSTER: cluster, COLOUR: colour}
