"""NetworkPolicies hold on the local node: both ends decide, and the node itself is never held back."""

from typing import Any

import pytest
from local_node import Namespace, pod
from polling import wait_until

pytestmark = pytest.mark.cluster

LISTEN = (
    "import socket, threading\n"
    "def serve(port):\n"
    "    s = socket.create_server(('', port))\n"
    "    while True: s.accept()[0].close()\n"
    "threading.Thread(target=serve, args=(7001,)).start(); serve(7000)"
)
PROBE = {"tcpSocket": {"port": 7000}, "periodSeconds": 1}


@pytest.fixture(scope="module")
def trio(namespace: Namespace) -> Namespace:
    for name in ("target", "friend", "stranger"):
        namespace.apply(
            pod(name, LISTEN, readinessProbe=PROBE, ports=[{"containerPort": 7000, "name": "game"}])
        )
    namespace.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=120s")
    return namespace


def policy(name: str, **spec: Any) -> dict[str, Any]:
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
    return kind | {
        "metadata": {"name": name},
        "spec": {"podSelector": {"matchLabels": {"app": "target"}}} | spec,
    }


def reaches(namespace: Namespace, source: str, target: str, port: int = 7000) -> bool:
    address = namespace.get(f"pods/{target}")["status"]["podIP"]
    return connects(namespace, source, address, port)


def connects(namespace: Namespace, source: str, host: str, port: int) -> bool:
    code = (
        f"import socket\ntry: socket.create_connection(('{host}', {port}), 1); print('yes')\n"
        "except OSError: print('no')"
    )
    return namespace.python(source, code) == "yes"


def test_without_policies_everyone_talks(trio: Namespace) -> None:
    assert reaches(trio, "stranger", "target")
    assert reaches(trio, "target", "stranger")


def test_ingress_lets_in_whom_it_names_on_the_port_it_names(trio: Namespace) -> None:
    friend = [{"podSelector": {"matchLabels": {"app": "friend"}}}]
    trio.apply(policy("in", policyTypes=["Ingress"], ingress=[{"from": friend, "ports": [{"port": "game"}]}]))
    wait_until(lambda: not reaches(trio, "stranger", "target"), "the stranger is kept out")
    assert reaches(trio, "friend", "target")
    assert not reaches(trio, "friend", "target", 7001)
    assert reaches(trio, "target", "stranger")
    trio.kubectl(
        "wait", "--for=condition=Ready", "pod/target", "--timeout=60s"
    )  # kubelet's probes still come through
    trio.kubectl("delete", "networkpolicy", "in")
    wait_until(lambda: reaches(trio, "stranger", "target"), "the stranger is let in")


def test_egress_lets_out_to_where_it_names(trio: Namespace) -> None:
    system = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    dns = {"to": [system], "ports": [{"port": 53, "protocol": "UDP"}]}
    friend = {"to": [{"podSelector": {"matchLabels": {"app": "friend"}}}]}
    trio.apply(policy("out", policyTypes=["Egress"], egress=[dns, friend]))
    wait_until(lambda: not reaches(trio, "target", "stranger"), "the target is kept in")
    assert reaches(trio, "target", "friend")
    assert reaches(trio, "stranger", "target")
    assert not connects(trio, "target", "redis.stores.svc.cluster.local", 6379)
    resolves = "import socket; print(bool(socket.getaddrinfo('redis.stores.svc.cluster.local', 6379)))"
    assert trio.python("target", resolves) == "True"

    stores = {"to": [{"ipBlock": {"cidr": "10.88.0.1/32"}}], "ports": [{"port": 6379}]}
    trio.apply(policy("out", policyTypes=["Egress"], egress=[dns, friend, stores]))
    wait_until(lambda: connects(trio, "target", "redis.stores.svc.cluster.local", 6379), "Redis is reached")
    assert not connects(trio, "target", "postgres.stores.svc.cluster.local", 5432)
    trio.kubectl("delete", "networkpolicy", "out")
    wait_until(lambda: reaches(trio, "target", "stranger"), "the target is let out")
