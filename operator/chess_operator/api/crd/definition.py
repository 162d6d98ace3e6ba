"""The CustomResourceDefinition, made whole from the model."""

from typing import Any

from chess_operator.api.crd.schema import Schema, structural
from chess_operator.api.model.cluster import ChessClusterSpec
from chess_operator.api.model.status import ChessClusterStatus
from chess_operator.api.resources.kinds import CLUSTERS, CRDS

# Children are called <name>-blue, and a label contains the name: 63 characters less the longest suffix.
MAX_NAME = 50

# Title, JSONPath, type, description.
COLUMNS = (
    ("Desired", ".status.desiredReplicas", "integer", "Pods that should serve"),
    ("Ready", ".status.readyReplicas", "integer", "Pods that are ready"),
    ("Draining", ".status.drainingReplicas", "integer", "Pods that hand their players over"),
    ("Connections", ".status.connections", "integer", "Live player connections"),
    ("Weight", ".status.weight", "string", "Share of new connections by colour"),
    ("Phase", ".status.phase", "string", "What the cluster is doing"),
    ("Age", ".metadata.creationTimestamp", "date", "Since creation"),
)


def definition() -> dict[str, Any]:
    """Make the CRD."""
    return {
        "apiVersion": CRDS.api_version,
        "kind": CRDS.kind,
        "metadata": {"name": f"{CLUSTERS.plural}.{CLUSTERS.group}"},
        "spec": {
            "group": CLUSTERS.group,
            "scope": "Namespaced",
            "names": {
                "kind": CLUSTERS.kind,
                "listKind": f"{CLUSTERS.kind}List",
                "plural": CLUSTERS.plural,
                "singular": CLUSTERS.kind.lower(),
                "shortNames": ["chess"],
                "categories": ["all"],
            },
            "versions": [_version()],
        },
    }


def _version() -> Schema:
    return {
        "name": CLUSTERS.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _root()},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.replicas",
                "statusReplicasPath": ".status.replicas",
                "labelSelectorPath": ".status.selector",
            },
        },
        "additionalPrinterColumns": [
            {"name": name, "jsonPath": path, "type": kind, "description": about}
            for name, path, kind, about in COLUMNS
        ],
    }


def _root() -> Schema:
    return {
        "type": "object",
        "description": "A live chess service: game servers that follow their players' connections.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(ChessClusterSpec),
            "status": structural(ChessClusterStatus),
        },
        "x-kubernetes-validations": [
            {
                "rule": f"self.metadata.name.size() <= {MAX_NAME} && !self.metadata.name.contains('.')",
                "messageExpression": "'metadata.name ' + self.metadata.name + ' is not valid; "
                f"use at most {MAX_NAME} characters without dots, because labels and Services carry it'",
                "reason": "FieldValueInvalid",
            }
        ],
    }
