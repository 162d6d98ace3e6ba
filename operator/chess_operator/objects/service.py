"""The Service of a colour: the pods of that colour that serve. Its selector never changes."""

from kubernetes.aio.client import models as k8s

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import Manifest
from chess_operator.api.resources.names import Colour, child_name
from chess_operator.objects.owner import Owner, plain
from chess_operator.objects.template import PLAYER_PORT


def service(owner: Owner, colour: Colour) -> Manifest:
    """Make a colour's Service. A draining pod has lost the label `serving` and gets no new players."""
    selector = {**labels.colour_selector(owner.name, colour), labels.SERVING: "true"}
    return plain(
        k8s.V1Service(
            metadata=owner.metadata(child_name(owner.name, colour), {labels.COLOUR: colour}),
            spec=k8s.V1ServiceSpec(
                type="ClusterIP",
                selector=selector,
                ports=[
                    k8s.V1ServicePort(
                        name="ws",
                        port=PLAYER_PORT,
                        target_port="ws",
                        protocol="TCP",
                        app_protocol="kubernetes.io/ws",
                    )
                ],
            ),
        )
    )
