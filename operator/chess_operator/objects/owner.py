"""The ChessCluster that owns the children, and what all of them have in common."""

from collections.abc import Mapping
from dataclasses import dataclass

from kubernetes.aio.client import models as k8s
from pydantic import BaseModel

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import CLUSTERS, Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The ChessCluster that the children are made for."""

    name: str
    namespace: str
    uid: str

    def metadata(
        self,
        name: str,
        more: Mapping[str, str] | None = None,
        annotations: dict[str, str] | None = None,
    ) -> k8s.V1ObjectMeta:
        """Make a child's metadata. The owner reference lets the garbage collector remove it."""
        reference = k8s.V1OwnerReference(
            api_version=CLUSTERS.api_version,
            kind=CLUSTERS.kind,
            name=self.name,
            uid=self.uid,
            controller=True,
            block_owner_deletion=True,
        )
        return k8s.V1ObjectMeta(
            name=name,
            namespace=self.namespace,
            labels={**labels.child_labels(self.name), **(more or {})},
            annotations=annotations,
            owner_references=[reference],
        )


def plain(model: BaseModel) -> Manifest:
    """Turn a typed object into JSON's form; fields that are not set are left out."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)
