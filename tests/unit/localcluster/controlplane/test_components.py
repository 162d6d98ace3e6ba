"""Arguments of the control plane's components."""

import pytest
from local_plan import HOME, make_plan

from chess_localcluster.controlplane.components import control_plane


def arguments(nodes: int, name: str) -> tuple[str, ...]:
    return next(found.argv for found in control_plane(make_plan(nodes), HOME) if found.name == name)


@pytest.mark.parametrize("nodes, host", [(0, "127.0.0.1"), (1, "10.88.0.1")])
def test_the_api_server_listens_where_its_clients_are(nodes: int, host: str) -> None:
    assert f"--bind-address={host}" in arguments(nodes, "kube-apiserver")
    assert make_plan(nodes).api_url == f"https://{host}:20000"


def test_nobody_is_anonymous() -> None:
    assert "--anonymous-auth=false" in arguments(1, "kube-apiserver")
    assert "--client-cert-auth" in arguments(1, "etcd")
