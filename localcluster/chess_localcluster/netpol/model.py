"""Pods, namespaces and NetworkPolicies as values, read from the API's JSON."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]
GONE = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A pod that has an address; `ports` gives its named ones by (protocol, name)."""

    namespace: str
    labels: Labels
    ip: str
    ports: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A label selector; empty, it selects everything."""

    labels: Labels
    expressions: tuple[tuple[str, str, frozenset[str]], ...]

    def matches(self, labels: Labels) -> bool:
        """Return whether labels satisfy every requirement."""
        return all(labels.get(key) == value for key, value in self.labels.items()) and all(
            _satisfied(labels, *expression) for expression in self.expressions
        )


def _satisfied(labels: Labels, key: str, operator: str, values: frozenset[str]) -> bool:
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One entry of `from` or `to`: a block of addresses, or pods by their own and their namespace's labels."""

    cidr: str | None = None
    excluded: tuple[str, ...] = ()
    pods: Selector | None = None
    namespaces: Selector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One entry of `ports`; no number means every port of the protocol."""

    protocol: str
    number: int | str | None
    last: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Any of the peers on any of the ports; an empty tuple means all."""

    peers: tuple[Peer, ...]
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A NetworkPolicy; a direction that is None is not restricted by it."""

    namespace: str
    name: str
    pods: Selector
    ingress: tuple[Rule, ...] | None
    egress: tuple[Rule, ...] | None


def read_pods(items: Iterable[Mapping[str, Any]]) -> tuple[Pod, ...]:
    """Read the pods that have an address of their own."""
    return tuple(
        Pod(
            namespace=item["metadata"]["namespace"],
            labels=item["metadata"].get("labels", {}),
            ip=item["status"]["podIP"],
            ports=_named_ports(item["spec"]["containers"]),
        )
        for item in items
        if item["status"].get("podIP")
        and item["status"].get("phase") not in GONE
        and not item["spec"].get("hostNetwork")
    )


def _named_ports(containers: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    ports = (port for container in containers for port in container.get("ports", []) if port.get("name"))
    return {(port.get("protocol", "TCP"), port["name"]): port["containerPort"] for port in ports}


def read_namespaces(items: Iterable[Mapping[str, Any]]) -> dict[str, Labels]:
    """Read each namespace's labels."""
    return {item["metadata"]["name"]: item["metadata"].get("labels", {}) for item in items}


def read_policies(items: Iterable[Mapping[str, Any]]) -> tuple[Policy, ...]:
    """Read NetworkPolicies; the API server has filled in `policyTypes`."""
    return tuple(_policy(item) for item in items)


def _policy(item: Mapping[str, Any]) -> Policy:
    spec = item["spec"]
    types = spec.get("policyTypes", [])
    return Policy(
        namespace=item["metadata"]["namespace"],
        name=item["metadata"]["name"],
        pods=_selector(spec.get("podSelector", {})),
        ingress=_rules(spec.get("ingress", []), "from") if "Ingress" in types else None,
        egress=_rules(spec.get("egress", []), "to") if "Egress" in types else None,
    )


def _rules(rules: Iterable[Mapping[str, Any]], side: str) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            peers=tuple(_peer(peer) for peer in rule.get(side) or []),
            ports=tuple(_port(port) for port in rule.get("ports") or []),
        )
        for rule in rules
    )


def _peer(peer: Mapping[str, Any]) -> Peer:
    if block := peer.get("ipBlock"):
        return Peer(cidr=block["cidr"], excluded=tuple(block.get("except", [])))
    return Peer(pods=_optional(peer.get("podSelector")), namespaces=_optional(peer.get("namespaceSelector")))


def _port(port: Mapping[str, Any]) -> Port:
    return Port(protocol=port.get("protocol", "TCP"), number=port.get("port"), last=port.get("endPort"))


def _optional(selector: Mapping[str, Any] | None) -> Selector | None:
    return None if selector is None else _selector(selector)


def _selector(selector: Mapping[str, Any]) -> Selector:
    return Selector(
        labels=selector.get("matchLabels", {}),
        expressions=tuple(
            (found["key"], found["operator"], frozenset(found.get("values", [])))
            for found in selector.get("matchExpressions", [])
        ),
    )
