"""What kube-proxy leaves in the kernel, and what is not its own."""

from chess_localcluster.node import network


def test_kube_proxy_s_chains_go_and_others_stay() -> None:
    saved = ["*nat", ":PREROUTING ACCEPT [0:0]", ":KUBE-SERVICES - [0:0]", "-A PREROUTING -j KUBE-SERVICES",
             "-A PREROUTING -p tcp -j ACCEPT", "-A KUBE-SERVICES -j RETURN", "COMMIT"]  # fmt: skip
    assert network.without_chains(saved, "KUBE-") == [
        "*nat", ":PREROUTING ACCEPT [0:0]", "-A PREROUTING -p tcp -j ACCEPT", "COMMIT"]  # fmt: skip
