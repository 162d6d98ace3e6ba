"""The Kubernetes objects that the demo and the benchmarks make, as plain values. Pure."""

import math
from typing import Any

GROUP = "chesscluster.dev"
LABEL = f"{GROUP}/demo"
SERVING = f"{GROUP}/serving"
DRAIN_DEADLINE = f"{GROUP}/drain-deadline"
CLUSTER = f"{GROUP}/cluster"
COLOUR = f"{GROUP}/colour"
OPERATOR = "app.kubernetes.io/name=chess-operator"
OPERATORS_NAMESPACE = "chess-system"
REDIS_SECRET, DATABASE_SECRET = "chess-redis", "chess-database"
ENTRY = "entry"
WS_PORT = 8080

Object = dict[str, Any]

ONE_ADDRESS = {
    "CHESS_ADDRESS_CONNECTIONS": "1000000",
    "CHESS_ADDRESS_JOIN_RATE": "100000/1",
    "CHESS_JOIN_RATE": "100000/1",
    "CHESS_FIRST_MESSAGE_SECONDS": "3600",
    "CHESS_SHED_LAG_MS": "0",
}
"""All players of a run come from one address, some never say anything, and the machine has much else to do."""


def namespace(name: str) -> Object:
    """Return a namespace with the label by which a later run recognises it."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {LABEL: "true"}}}


def secret(namespace_name: str, name: str, url: str) -> Object:
    """Return a Secret with a store's URL."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace_name},
        "stringData": {"url": url},
    }


def entry_service(namespace_name: str, cluster: str) -> Object:
    """Return the NodePort Service by which players connect; the operator's own Service stays ClusterIP.

    It selects what the operator's Service selects, so that a draining pod gets no new connections.
    """
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": ENTRY, "namespace": namespace_name},
        "spec": {
            "type": "NodePort",
            "selector": {CLUSTER: cluster, COLOUR: "blue", SERVING: "true"},
            "ports": [{"name": "ws", "port": WS_PORT, "targetPort": WS_PORT}],
        },
    }


def chess_cluster(
    namespace_name: str, name: str, image: str, *, scaling: Object, drain: Object | None = None
) -> Object:
    """Return a ChessCluster with small pods."""
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "ChessCluster",
        "metadata": {"name": name, "namespace": namespace_name},
        "spec": {
            "server": {
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "env": [{"name": name, "value": value} for name, value in ONE_ADDRESS.items()],
                "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
            },
            "redis": {"urlSecretRef": {"name": REDIS_SECRET, "key": "url"}},
            "database": {"urlSecretRef": {"name": DATABASE_SECRET, "key": "url"}},
            "scaling": scaling,
            "drain": drain or {"deadlineSeconds": 60, "reconnectWindowSeconds": 3},
        },
    }


def brisk_scaling(*, minimum: int, maximum: int, target: int, settle_seconds: int) -> Object:
    """Return scaling without delays: a demo of three minutes cannot wait for the defaults of a service."""
    everything = [{"type": "Percent", "value": 1000, "periodSeconds": 1}]
    return {
        "minReplicas": minimum,
        "maxReplicas": maximum,
        "targetConnectionsPerReplica": target,
        "maxConnectionsPerReplica": target * 10,
        "bufferSize": 0,
        "behavior": {
            "scaleUp": {"stabilizationWindowSeconds": 0, "tolerance": "0", "policies": everything},
            "scaleDown": {
                "stabilizationWindowSeconds": settle_seconds,
                "tolerance": "0",
                "policies": everything,
            },
        },
    }


def wanted(connections: int, *, minimum: int, maximum: int, target: int) -> int:
    """Return the replicas for that many connections, by the documented rule."""
    return max(minimum, min(maximum, math.ceil(connections / target)))
