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
from chess_operator.api.resources.names import LEASE_NAME

WATCH = ("list", "watch")
APPLY = ("create", "patch")


def rule(kind: Kind, *verbs: str, sub: str = "", names: list[str] | None = None) -> k8s.V1PolicyRule:
    """Allow verbs on one resource, or on a subresource of it."""
    resource = f"{kind.plural}/{sub}" if sub else kind.plural
    return k8s.V1PolicyRule(
        api_groups=[kind.group], resources=[resource], verbs=list(verbs), resource_names=names
    )


def rules(scope: Literal["cluster", "namespace"]) -> list[k8s.V1PolicyRule]:
    """List what the operator may do where ChessClusters are. CRDs are seen only with rights on the whole cluster."""
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
    return own if scope == "namespace" else [*own, rule(CRDS, *WATCH)]


def lease_rules() -> list[k8s.V1PolicyRule]:
    """List what the operator may do in its own namespace. `create` cannot be bound to a name."""
    return [rule(LEASES, "create"), rule(LEASES, "get", "update", names=[LEASE_NAME])]
