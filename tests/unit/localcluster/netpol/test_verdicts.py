"""NetworkPolicies as decisions: from the API's JSON to who may talk to whom."""

from typing import Any

import pytest

from chess_localcluster.netpol import model, verdicts
from chess_localcluster.netpol.verdicts import Allowed, Snapshot


def pod(ip: str, namespace: str = "game", **labels: str) -> dict[str, Any]:
    container = {"ports": [{"name": "ws", "containerPort": 8080}]}
    return {
        "metadata": {"namespace": namespace, "labels": labels},
        "spec": {"containers": [container]},
        "status": {"podIP": ip, "phase": "Running"},
    }


def namespace(name: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels}}


def policy(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"namespace": "game", "name": "p"}, "spec": {"podSelector": {}} | spec}


PODS = [pod("10.88.0.2", app="server"), pod("10.88.0.3", app="bot"), pod("10.88.0.4", "other", app="bot")]
NAMESPACES = [namespace("game", team="chess"), namespace("other", team="go")]


def snapshot(*policies: dict[str, Any], pods: list[dict[str, Any]] | None = None) -> Snapshot:
    return Snapshot(
        pods=model.read_pods(PODS if pods is None else pods),
        namespaces=model.read_namespaces(NAMESPACES),
        policies=model.read_policies(policies),
    )


SERVER = {"podSelector": {"matchLabels": {"app": "server"}}}
BOTS = {"podSelector": {"matchLabels": {"app": "bot"}}}
ANYWHERE = Allowed(addresses=None)


def rule(*peers: dict[str, Any], ports: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"from": list(peers)} | ({"ports": ports} if ports else {})


@pytest.mark.parametrize(
    "ingress, allowed",
    [
        pytest.param([], (), id="no rule lets nobody in"),
        pytest.param([{}], (ANYWHERE,), id="an empty rule lets everybody in"),
        pytest.param([rule(BOTS)], (Allowed(addresses=("10.88.0.3",)),), id="pods of the same namespace"),
        pytest.param(
            [rule({"namespaceSelector": {}} | BOTS)],
            (Allowed(addresses=("10.88.0.3", "10.88.0.4")),),
            id="pods of every namespace",
        ),
        pytest.param(
            [rule({"namespaceSelector": {"matchLabels": {"team": "go"}}})],
            (Allowed(addresses=("10.88.0.4",)),),
            id="all pods of a namespace",
        ),
        pytest.param(
            [rule({"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}})],
            (Allowed(addresses=("10.0.0.0/8",), excluded=("10.1.0.0/16",)),),
            id="a block with a hole",
        ),
        pytest.param([rule({"ipBlock": {"cidr": "2001:db8::/32"}})], (), id="addresses of another family"),
        pytest.param(
            [rule(ports=[{"port": "ws"}, {"protocol": "UDP", "port": 53}, {"port": 7, "endPort": 9}])],
            (Allowed(addresses=None, ports=(("tcp", "8080"), ("udp", "53"), ("tcp", "7-9"))),),
            id="ports by name, number and range",
        ),
        pytest.param(
            [rule(ports=[{"port": "nobody-has-it"}])], (), id="a named port that the pod does not have"
        ),
        pytest.param(
            [rule(ports=[{"protocol": "UDP"}])],
            (Allowed(addresses=None, ports=(("udp", "0-65535"),)),),
            id="a whole protocol",
        ),
    ],
)
def test_ingress(ingress: list[dict[str, Any]], allowed: tuple[Allowed, ...]) -> None:
    seen = verdicts.ingress(snapshot(policy(**SERVER, policyTypes=["Ingress"], ingress=ingress)))
    assert seen == {"10.88.0.2": allowed}


@pytest.mark.parametrize(
    "operator, values, matched",
    [
        ("In", ["bot"], ["10.88.0.3"]),
        ("NotIn", ["bot"], ["10.88.0.2"]),
        ("Exists", [], ["10.88.0.2", "10.88.0.3"]),
        ("DoesNotExist", [], []),
        ("Unheard", [], []),
    ],
)
def test_expressions(operator: str, values: list[str], matched: list[str]) -> None:
    chosen = {"podSelector": {"matchExpressions": [{"key": "app", "operator": operator, "values": values}]}}
    assert sorted(verdicts.ingress(snapshot(policy(**chosen, policyTypes=["Ingress"])))) == matched


def test_policies_add_up_and_egress_is_another_matter() -> None:
    both = policy(policyTypes=["Egress"], egress=[{"to": [BOTS], "ports": [{"port": "ws"}]}])
    more = policy(**SERVER, policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}]}])
    seen = verdicts.egress(snapshot(both, more))
    to_bots = Allowed(addresses=("10.88.0.3",), ports=(("tcp", "8080"),))
    assert seen == {
        "10.88.0.2": (to_bots, Allowed(addresses=("10.9.0.0/16",))),
        "10.88.0.3": (to_bots,),
    }
    assert verdicts.ingress(snapshot(both, more)) == {}
