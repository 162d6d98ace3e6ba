"""The kinds of object that the operator reads and writes, and where the API server serves them."""

from dataclasses import dataclass
from typing import Any

FIELD_MANAGER = "chess-operator"
GROUP = "chesscluster.dev"
VERSION = "v1alpha1"

Manifest = dict[str, Any]
"""An object in the form that the API server sends and takes. `decide` never sees one."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource of the API. `group` is empty for the core group."""

    group: str
    version: str
    plural: str
    kind: str

    @property
    def api_version(self) -> str:
        """The value of `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Build the URL path of a collection, an object or its subresource."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root]
        if namespace is not None:
            parts += ["namespaces", namespace]
        parts.append(self.plural)
        parts += [part for part in (name, subresource) if part is not None]
        return "/".join(parts)


CLUSTERS = Kind(GROUP, VERSION, "chessclusters", "ChessCluster")
PODS = Kind("", "v1", "pods", "Pod")
SECRETS = Kind("", "v1", "secrets", "Secret")
SERVICES = Kind("", "v1", "services", "Service")
DEPLOYMENTS = Kind("apps", "v1", "deployments", "Deployment")
BUDGETS = Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
POLICIES = Kind("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy")
EVENTS = Kind("events.k8s.io", "v1", "events", "Event")
LEASES = Kind("coordination.k8s.io", "v1", "leases", "Lease")
CRDS = Kind("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition")

CHILDREN = (DEPLOYMENTS, SERVICES, BUDGETS, POLICIES)
