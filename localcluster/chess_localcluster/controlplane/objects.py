"""Objects that the cluster itself needs: rights of its components, DNS, and the stores' Services. Pure."""

from collections.abc import Iterator
from typing import Any

from chess_localcluster.plan import BRIDGE_ADDRESS, DNS_SERVICE

Document = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
STORES_NAMESPACE = "stores"
STORE_PORTS = {"redis": 6379, "postgres": 5432}


def rights() -> Iterator[Document]:
    """Return the rights that RBAC's built-in roles do not give: kubelet's API, CoreDNS and netpol."""
    yield _binding(
        "localcluster:kubelet-admins", "system:kubelet-api-admin", group="localcluster:kubelet-admins"
    )
    yield from _granted(
        "localcluster:coredns",
        [
            *_reads("", "endpoints", "services", "pods", "namespaces"),
            *_reads("discovery.k8s.io", "endpointslices"),
        ],
        user="localcluster:coredns",
    )
    yield from _granted(
        "localcluster:netpol",
        [*_reads("", "pods", "namespaces", "nodes"), *_reads("networking.k8s.io", "networkpolicies")],
        user="localcluster:netpol",
    )


def _reads(group: str, *resources: str) -> list[Document]:
    return [{"apiGroups": [group], "resources": list(resources), "verbs": ["get", "list", "watch"]}]


def _granted(name: str, rules: list[Document], **subject: str) -> Iterator[Document]:
    yield {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}
    yield _binding(name, name, **subject)


def _binding(name: str, role: str, **subject: str) -> Document:
    ((kind, who),) = subject.items()
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": RBAC, "kind": kind.capitalize(), "name": who}],
    }


def dns() -> list[Document]:
    """Return DNS, which runs beside the cluster: a Service without selector, and a slice with the bridge's address."""
    ports = [
        {"name": "dns", "protocol": "UDP", "port": 53},
        {"name": "dns-tcp", "protocol": "TCP", "port": 53},
    ]
    return _outside("kube-system", "kube-dns", ports, {"k8s-app": "kube-dns"}, cluster_ip=DNS_SERVICE)


def stores() -> list[Document]:
    """Return Services for Redis and PostgreSQL: pods use names, as they do with ElastiCache and RDS."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": STORES_NAMESPACE}}
    services = (
        document
        for name, port in STORE_PORTS.items()
        for document in _outside(
            STORES_NAMESPACE, name, [{"name": name, "protocol": "TCP", "port": port}], {}
        )
    )
    return [namespace, *services]


def _outside(
    namespace: str, name: str, ports: list[Document], labels: dict[str, str], cluster_ip: str | None = None
) -> list[Document]:
    metadata = {"name": name, "namespace": namespace, "labels": labels}
    spec = {"ports": ports} | ({"clusterIP": cluster_ip} if cluster_ip else {})
    slice_labels = labels | {
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": "localcluster",
    }
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec},
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": metadata | {"labels": slice_labels},
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": [{"addresses": [BRIDGE_ADDRESS], "conditions": {"ready": True}}],
        },
    ]
