"""Argo CD beside the local cluster: what it listens on, what its argument lists show, what is changed in its source."""

import json
from pathlib import Path

import pytest

from chess_localcluster.argocd import plan
from chess_localcluster.build import edits
from chess_localcluster.build.binaries import MODULES
from chess_localcluster.build.golang import Go
from chess_localcluster.errors import ClusterError
from chess_localcluster.paths import Home

PASSWORD = "s3cret-of-redis"
PORTS = plan.Ports(**{name: 20000 + number for number, name in enumerate(plan.Ports.names())})
PLACES = plan.Places(home=Home.at(Path("/home/of/cluster")))
PARTS = plan.components(PLACES, PORTS, Path("/programs"), PASSWORD, "/usr/bin")


def test_every_listener_is_told_to_stay_on_loopback() -> None:
    for part in PARTS:
        told = " ".join([*part.argv, *(f"{name}={value}" for name, value in part.env.items())])
        assert part.port is not None
        assert part.port[0] == "127.0.0.1"
        assert "0.0.0.0" not in told  # noqa: S104 - the very thing
        if part.name in ("argocd-repo-server", "argocd-server"):
            assert "--address 127.0.0.1" in told
    edited = json.loads((MODULES / "argocd" / edits.EDITS).read_text())
    assert [one["new"] for one in edited] == ['"127.0.0.1:%d", metricsPort']


def test_no_argument_list_shows_the_password() -> None:
    assert PASSWORD not in " ".join(word for part in PARTS for word in part.argv)


def test_every_program_has_a_port_of_its_own() -> None:
    ports = [part.port for part in PARTS]
    assert len(set(ports)) == len(ports)


def test_what_is_made_lies_below_the_cluster_s_home() -> None:
    for path in (PLACES.root, PLACES.bare, PLACES.scratch, PLACES.redis, PLACES.ports):
        assert path.is_relative_to("/home/of/cluster")


@pytest.mark.parametrize("text", ["listens on nothing", "0.0.0.0 and again 0.0.0.0"])
def test_an_edit_that_does_not_fit_exactly_once_ends_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    module, source, scratch = (tmp_path / name for name in ("module", "source", "scratch"))
    for directory in (module, source, scratch):
        directory.mkdir()
    (source / "main.go").write_text(text)
    for name in ("go.mod", "go.sum"):
        (module / name).write_text("")
    edit = {"module": "example.com/x", "file": "main.go", "old": "0.0.0.0", "new": "127.0.0.1"}  # noqa: S104 - likewise
    (module / edits.EDITS).write_text(json.dumps([edit]))
    monkeypatch.setattr(edits, "directory", lambda *_: source)
    with pytest.raises(ClusterError, match="times, not once"):
        edits.arguments(Go(program=Path("/go"), version="1.26"), module, scratch)


def test_a_module_without_edits_is_built_as_it_is(tmp_path: Path) -> None:
    assert edits.arguments(Go(program=Path("/go"), version="1.26"), tmp_path, tmp_path) == []
