"""What the cluster itself needs inside the API: rights of its components, DNS, and the stores' Services."""

from collections.abc import Iterator
from typing import Any

from chess_localcluster.plan import BRIDGE_ADDRESS, DNS_SERVICE

Document = dict[str, Any]
RBAC = "rbac.authorization.k8s.io"
STORES_NAMESPACE = "stores"
STORE_PORTS = {"redis": 6379, "postgres": 5432}


def rights() -> Iterator[Document]:
    """Grant what RBAC's built-in roles leave open: kubelet's API, and the readers that run beside the cluster."""
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
    """CoreDNS runs beside the cluster: a Service without selector, and the slice that points to the bridge."""
    ports = [
        {"name": "dns", "protocol": "UDP", "port": 53},
        {"name": "dns-tcp", "protocol": "TCP", "port": 53},
    ]
    return _outside("kube-system", "kube-dns", ports, {"k8s-app": "kube-dns"}, cluster_ip=DNS_SERVICE)


def stores() -> list[Document]:
    """Redis and PostgreSQL by the names that pods use, as ElastiCache and RDS have theirs."""
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
