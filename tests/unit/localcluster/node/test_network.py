"""Whose the machine's node is, also where the record of it is gone."""

from pathlib import Path

import pytest

from chess_localcluster import cluster
from chess_localcluster.node import lifecycle, network
from chess_localcluster.paths import Home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home whose cluster has had the node, on a machine that was restarted."""
    monkeypatch.setattr(network, "OWNER", tmp_path / "run" / "owner")
    monkeypatch.setattr(network, "bridge_exists", lambda: False)
    made = Home(root=tmp_path / "home")
    made.root.mkdir()
    (made.root / network.BEFORE).write_text('{"sysctls": {"net/ipv4/ip_forward": "0"}, "tables": []}')
    (made.root / ".localcluster").write_text('{"program": "localcluster"}')
    return made


def test_after_a_restart_the_machine_is_looked_at_anew(home: Home) -> None:
    """Else `down` would set back what others, Docker say, have set since."""
    assert not network.owned(home)
    network.claim(home)
    assert network.owned(home)
    assert not network.has_had(home)


def test_what_was_there_before_is_kept_while_the_node_is_there(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    network.claim(home)
    (home.root / network.BEFORE).write_text("{}")
    network.claim(home)
    assert network.has_had(home)
    network.OWNER.unlink()
    monkeypatch.setattr(network, "bridge_exists", lambda: True)
    assert network.owned(home)
    network.claim(home)
    assert network.has_had(home)


@pytest.mark.parametrize("bridge, removed", [(True, "the node"), (False, "its files")])
def test_down_removes_the_node_of_a_home_whose_record_is_gone(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    bridge: bool,  # noqa: FBT001 - a column of the table
    removed: str,
) -> None:
    seen = list[str]()
    monkeypatch.setattr(network, "bridge_exists", lambda: bridge)
    monkeypatch.setattr(network, "is_root", lambda: True)
    monkeypatch.setattr(lifecycle, "remove", lambda *_: seen.append("the node"))
    monkeypatch.setattr(lifecycle, "remove_files", lambda _: seen.append("its files"))
    assert cluster.down(home.root)
    assert seen == [removed]


def test_down_leaves_the_node_of_another_home_alone(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Home(root=tmp_path / "other")
    other.root.mkdir()
    other.plan.write_text("{}")
    network.claim(other)
    monkeypatch.setattr(network, "bridge_exists", lambda: True)
    monkeypatch.setattr(network, "is_root", lambda: True)
    for name in ("remove", "remove_files"):
        monkeypatch.setattr(lifecycle, name, lambda *_: pytest.fail("touched"))
    assert cluster.down(home.root)
    assert network.owner() == other.root
