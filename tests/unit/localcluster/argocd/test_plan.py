"""Argo CD beside the local cluster: what it listens on, what its argument lists show, where its files are."""

from pathlib import Path

from chess_localcluster.argocd import plan
from chess_localcluster.paths import Home

PASSWORD = "s3cret-of-redis"
PORTS = plan.ArgoCDPorts(**{name: 20000 + number for number, name in enumerate(plan.ArgoCDPorts.names())})
PLACES = plan.Places(home=Home.at(Path("/home/of/cluster")))
PARTS = plan.components(PLACES, PORTS, Path("/programs"), PASSWORD, "/usr/bin")


def test_every_listener_stays_on_loopback() -> None:
    for part in PARTS:
        settings = " ".join([*part.argv, *(f"{name}={value}" for name, value in part.env.items())])
        assert part.port is not None
        assert part.port[0] == "127.0.0.1"
        assert "0.0.0.0" not in settings  # noqa: S104 - the very thing
        if part.name in ("argocd-repo-server", "argocd-server"):
            assert "--address 127.0.0.1" in settings


def test_no_argument_list_shows_the_password() -> None:
    assert PASSWORD not in " ".join(word for part in PARTS for word in part.argv)


def test_every_program_has_a_port_of_its_own() -> None:
    ports = [part.port for part in PARTS]
    assert len(set(ports)) == len(ports)


def test_what_is_made_lies_below_the_cluster_s_home() -> None:
    for path in (PLACES.root, PLACES.bare, PLACES.scratch, PLACES.redis, PLACES.ports):
        assert path.is_relative_to("/home/of/cluster")
