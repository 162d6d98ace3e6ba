"""Which pods may connect: from policies and pods to what each isolated pod allows.

A pod is isolated in a direction once any policy selects it for that direction; then only what some policy allows
passes. Both ends decide: the sender's egress and the receiver's ingress.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from chess_localcluster.netpol.model import Labels, Peer, Pod, Policy, Port, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Traffic that passes: to or from these addresses (None: any) on these ports (empty: all)."""

    addresses: tuple[str, ...] | None
    excluded: tuple[str, ...] = ()
    ports: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Pods, namespaces and policies at one moment: all that the verdicts depend on."""

    pods: tuple[Pod, ...]
    namespaces: Mapping[str, Labels]
    policies: tuple[Policy, ...]


IPV6 = ":"
Verdicts = Mapping[str, tuple[Allowed, ...]]


def ingress(snapshot: Snapshot) -> Verdicts:
    """Return what reaches each pod that is isolated for ingress, by its address."""
    return {
        pod.ip: _allowed(snapshot, [(policy, policy.ingress) for policy in chosen], named_on=(pod,))
        for pod in snapshot.pods
        if (chosen := [policy for policy in _selecting(snapshot, pod) if policy.ingress is not None])
    }


def egress(snapshot: Snapshot) -> Verdicts:
    """Return what each pod that is isolated for egress may reach, by its address."""
    return {
        pod.ip: _allowed(snapshot, [(policy, policy.egress) for policy in chosen], named_on=snapshot.pods)
        for pod in snapshot.pods
        if (chosen := [policy for policy in _selecting(snapshot, pod) if policy.egress is not None])
    }


def _selecting(snapshot: Snapshot, pod: Pod) -> Iterator[Policy]:
    return (
        policy
        for policy in snapshot.policies
        if policy.namespace == pod.namespace and policy.pods.matches(pod.labels)
    )


def _allowed(
    snapshot: Snapshot,
    chosen: Iterable[tuple[Policy, tuple[Rule, ...] | None]],
    named_on: tuple[Pod, ...],
) -> tuple[Allowed, ...]:
    found = (
        allowed
        for policy, rules in chosen
        for rule in rules or ()
        for allowed in _of_rule(snapshot, policy.namespace, rule, named_on)
    )
    return tuple(dict.fromkeys(found))


def _of_rule(snapshot: Snapshot, namespace: str, rule: Rule, named_on: tuple[Pod, ...]) -> Iterator[Allowed]:
    ports = tuple(text for port in rule.ports for text in _port_texts(port, named_on))
    if rule.ports and not ports:
        return  # no pod has the named port, so nothing passes
    if not rule.peers:
        yield Allowed(addresses=None, ports=ports)
    for peer in rule.peers:
        yield from _of_peer(snapshot, namespace, peer, ports)


def _of_peer(
    snapshot: Snapshot, namespace: str, peer: Peer, ports: tuple[tuple[str, str], ...]
) -> Iterator[Allowed]:
    if peer.cidr is not None:
        if IPV6 not in peer.cidr:  # the pod network has no such addresses
            yield Allowed(addresses=(peer.cidr,), excluded=peer.excluded, ports=ports)
        return
    addresses = tuple(sorted({pod.ip for pod in snapshot.pods if _is_peer(snapshot, namespace, peer, pod)}))
    if addresses:
        yield Allowed(addresses=addresses, ports=ports)


def _is_peer(snapshot: Snapshot, namespace: str, peer: Peer, pod: Pod) -> bool:
    """Return whether a pod is the peer; without a namespace selector, only the policy's own namespace counts."""
    if peer.namespaces is None:
        in_namespace = pod.namespace == namespace
    else:
        in_namespace = peer.namespaces.matches(snapshot.namespaces.get(pod.namespace, {}))
    return in_namespace and (peer.pods is None or peer.pods.matches(pod.labels))


def _port_texts(port: Port, named_on: tuple[Pod, ...]) -> Iterator[tuple[str, str]]:
    """Return (protocol, port or range) as nftables writes them; no port means the whole protocol."""
    protocol = port.protocol.lower()
    if port.number is None:
        yield protocol, "0-65535"
    elif isinstance(port.number, str):
        key = (port.protocol, port.number)
        numbers = sorted({pod.ports[key] for pod in named_on if key in pod.ports})
        yield from ((protocol, str(number)) for number in numbers)
    else:
        yield protocol, str(port.number) if port.last is None else f"{port.number}-{port.last}"
