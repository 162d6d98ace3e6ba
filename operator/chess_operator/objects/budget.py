"""The PodDisruptionBudget of a colour: evictions go one by one, so that each pod can hand its players over."""

from kubernetes.aio.client import models as k8s

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import Manifest
from chess_operator.api.resources.names import Colour, child_name
from chess_operator.objects.owner import Owner, plain


def budget(owner: Owner, spec: ChessClusterSpec, colour: Colour) -> Manifest:
    """Make a colour's budget."""
    return plain(
        k8s.V1PodDisruptionBudget(
            metadata=owner.metadata(child_name(owner.name, colour), {labels.COLOUR: colour}),
            spec=k8s.V1PodDisruptionBudgetSpec(
                max_unavailable=spec.pod_disruption_budget.max_unavailable,
                selector=k8s.V1LabelSelector(match_labels=labels.colour_selector(owner.name, colour)),
            ),
        )
    )
