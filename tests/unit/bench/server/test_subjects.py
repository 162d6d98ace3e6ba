"""The servers that are measured, and one line for what cannot be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from chess_bench.server import peers, subjects
from chess_bench.server.subjects import Subject, SubjectError


def test_this_checkouts_server_is_its_own_code() -> None:
    first, *_ = subjects.current().environment["PYTHONPATH"].split(":")
    assert (Path(first) / "chess_server" / "main.py").exists()


def test_without_a_history_there_is_no_version_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subjects, "ROOT", tmp_path)
    monkeypatch.setattr(subjects, "OUT", tmp_path / "out")
    with pytest.raises(SubjectError, match=r"^commit 92ee3864177f is not in Git's history here: .+"):
        subjects.starting()
    assert subjects.head() == ""


def test_without_git_there_is_no_version_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(subjects, "OUT", tmp_path / "out")
    with pytest.raises(SubjectError, match="git is not installed"):
        subjects.starting()


@pytest.mark.parametrize("make", [peers.node, peers.gorilla], ids=["node", "go"])
def test_a_peer_without_its_tools_is_said(
    make: Callable[[], Subject], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(peers, "BUILT", tmp_path / "peers")
    with pytest.raises(SubjectError, match=r"(npm|node|go) is not installed"):
        make()


def test_no_lock_of_a_peer_names_an_address() -> None:
    locks = [peers.PEERS / "ws" / "package-lock.json", peers.PEERS / "gorilla" / "go.sum"]
    assert [lock.name for lock in locks if "://" in lock.read_text()] == []
