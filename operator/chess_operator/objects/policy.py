"""The NetworkPolicy: players come from anywhere, metrics readers from named peers; out go stores and DNS only."""

from collections.abc import Iterable

from kubernetes.aio.client import models as k8s

from chess_operator.api.model import ChessClusterSpec
from chess_operator.api.model.cluster import Peer
from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import Manifest
from chess_operator.objects.owner import Owner, plain
from chess_operator.objects.template import ADMIN_PORT, PLAYER_PORT

DNS_PORT = 53


def policy(owner: Owner, spec: ChessClusterSpec, store_ports: Iterable[int]) -> Manifest:
    """Make the policy. Redis and PostgreSQL are named by port only: outside the cluster they have no fixed address."""
    admin = [_peer(Peer()), *(_peer(peer) for peer in spec.network_policy.admin_from)]
    return plain(
        k8s.V1NetworkPolicy(
            metadata=owner.metadata(owner.name),
            spec=k8s.V1NetworkPolicySpec(
                pod_selector=k8s.V1LabelSelector(match_labels={labels.CLUSTER: owner.name}),
                policy_types=["Ingress", "Egress"],
                ingress=[
                    k8s.V1NetworkPolicyIngressRule(ports=[_port(PLAYER_PORT)]),
                    k8s.V1NetworkPolicyIngressRule(ports=[_port(ADMIN_PORT)], _from=admin),
                ],
                egress=[
                    k8s.V1NetworkPolicyEgressRule(ports=[_port(DNS_PORT, "UDP"), _port(DNS_PORT)]),
                    k8s.V1NetworkPolicyEgressRule(ports=[_port(port) for port in sorted(set(store_ports))]),
                ],
            ),
        )
    )


def _port(number: int, protocol: str = "TCP") -> k8s.V1NetworkPolicyPort:
    return k8s.V1NetworkPolicyPort(port=number, protocol=protocol)


def _peer(peer: Peer) -> k8s.V1NetworkPolicyPeer:
    namespaces = k8s.V1LabelSelector(match_labels=peer.namespace_labels) if peer.namespace_labels else None
    return k8s.V1NetworkPolicyPeer(
        namespace_selector=namespaces,
        pod_selector=k8s.V1LabelSelector(match_labels=peer.pod_labels or None),
    )
