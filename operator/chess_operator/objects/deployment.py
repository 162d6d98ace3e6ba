"""The Deployment of a colour. `decide` chooses its replicas, `template` makes its pods."""

from kubernetes.aio.client import models as k8s

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import Manifest
from chess_operator.api.resources.names import Colour, child_name
from chess_operator.objects.owner import Owner, plain

REVISIONS_KEPT = 3
PROGRESS_DEADLINE_SECONDS = 600


def deployment(owner: Owner, colour: Colour, replicas: int, template: Manifest) -> Manifest:
    """Make a colour's Deployment around a pod template.

    The template changes only while nobody plays on this colour; even then no pod goes before another is ready.
    """
    revision = template["metadata"].get("annotations", {}).get(labels.REVISION, "")
    made = plain(
        k8s.V1Deployment(
            metadata=owner.metadata(
                child_name(owner.name, colour), {labels.COLOUR: colour}, {labels.REVISION: revision}
            ),
            spec=k8s.V1DeploymentSpec(
                replicas=replicas,
                min_ready_seconds=0,
                revision_history_limit=REVISIONS_KEPT,
                progress_deadline_seconds=PROGRESS_DEADLINE_SECONDS,
                selector=k8s.V1LabelSelector(match_labels=labels.colour_selector(owner.name, colour)),
                strategy=k8s.V1DeploymentStrategy(
                    type="RollingUpdate",
                    rolling_update=k8s.V1RollingUpdateDeployment(max_surge="25%", max_unavailable=0),
                ),
                template=k8s.V1PodTemplateSpec(),
            ),
        )
    )
    made["spec"]["template"] = template
    return made
