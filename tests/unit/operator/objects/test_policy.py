"""The NetworkPolicy lets players in, and pods out to their stores."""

from operator_cases import spec

from chess_operator import objects

OWNER = objects.Owner(name="arena", namespace="chess", uid="u-1")


def test_the_network_policy_lets_players_in_and_pods_out_to_their_stores() -> None:
    peers = [{"namespaceLabels": {"name": "monitoring"}}]
    made = objects.policy(OWNER, spec(networkPolicy={"adminFrom": peers}), (6379, 5432, 6379))["spec"]
    players, admin = made["ingress"]
    assert players == {"ports": [{"port": 8080, "protocol": "TCP"}]}
    assert admin["from"][0] == {"podSelector": {}}
    assert admin["from"][1]["namespaceSelector"] == {"matchLabels": {"name": "monitoring"}}
    assert made["egress"][1] == {
        "ports": [{"port": 5432, "protocol": "TCP"}, {"port": 6379, "protocol": "TCP"}]
    }
    assert made["podSelector"] == {"matchLabels": {"chesscluster.dev/cluster": "arena"}}
