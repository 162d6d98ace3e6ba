"""The operator's rights: exactly the verbs that its requests need. The integration tests run it with these alone."""

from typing import Literal

from kubernetes.aio.client import models as k8s

from chess_operator.api.resources.kinds import (
    BUDGETS,
    CLUSTERS,
    CRDS,
    DEPLOYMENTS,
    EVENTS,
    LEASES,
    PODS,
    POLICIES,
    SECRETS,
    SERVICES,
    Kind,
)
from chess_operator.api.resources.names import CLAIM_NAME, LEASE_NAME

WATCH = ("list", "watch")
APPLY = ("create", "patch")


def rule(kind: Kind, *verbs: str, sub: str = "", names: list[str] | None = None) -> k8s.V1PolicyRule:
    """Allow verbs on one resource, or on a subresource of it."""
    resource = f"{kind.plural}/{sub}" if sub else kind.plural
    return k8s.V1PolicyRule(
        api_groups=[kind.group], resources=[resource], verbs=list(verbs), resource_names=names
    )


def rules(scope: Literal["cluster", "namespace"]) -> list[k8s.V1PolicyRule]:
    """List what the operator may do where ChessClusters are. CRDs are seen only with rights on the whole cluster.

    An operator of some namespaces claims each of them by a Lease; one of the whole cluster only reads such claims.
    """
    own = [
        rule(CLUSTERS, *WATCH, "patch"),  # patch: the finalizer
        rule(CLUSTERS, "patch", sub="status"),
        rule(CLUSTERS, "update", sub="finalizers"),  # to be a blocking owner
        rule(PODS, *WATCH, "patch"),  # patch: drain marks and deletion costs
        rule(DEPLOYMENTS, *WATCH, *APPLY),
        rule(SERVICES, *WATCH, *APPLY),
        rule(BUDGETS, *WATCH, *APPLY),
        rule(POLICIES, *WATCH, *APPLY, "delete"),
        # never list or watch: only what a ChessCluster names; create: the keys of its tokens, which nobody then changes
        rule(SECRETS, "get", "create"),
        rule(EVENTS, "create"),
    ]
    if scope == "namespace":
        return [*own, rule(LEASES, "create"), rule(LEASES, "get", "update", names=[CLAIM_NAME])]
    return [*own, rule(LEASES, "get", names=[CLAIM_NAME]), rule(CRDS, *WATCH)]


def viewer_rules() -> list[k8s.V1PolicyRule]:
    """List what people may do who may see what a namespace holds."""
    read = ("get", *WATCH)
    return [
        rule(CLUSTERS, *read),
        rule(CLUSTERS, "get", sub="status"),
        rule(CLUSTERS, "get", sub="scale"),
    ]


def editor_rules() -> list[k8s.V1PolicyRule]:
    """List what people may do, besides, who may change what a namespace holds."""
    return [
        rule(CLUSTERS, "create", "update", "patch", "delete", "deletecollection"),
        rule(CLUSTERS, "update", "patch", sub="scale"),
    ]


def lease_rules() -> list[k8s.V1PolicyRule]:
    """List what the operator may do in its own namespace. `create` cannot be bound to a name."""
    return [rule(LEASES, "create"), rule(LEASES, "get", "update", names=[LEASE_NAME])]
