"""What the command line refuses before it touches anything; no test here starts a process of a cluster."""

from pathlib import Path

import pytest

from chess_localcluster import cluster
from chess_localcluster.errors import ClusterError


def test_down_touches_no_directory_that_is_not_a_cluster_s_home(tmp_path: Path) -> None:
    for name in ("conf", "log", "run", "stores"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    (tmp_path / "kubeconfig").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ClusterError, match=r"down: .* holds files that localcluster did not make \(conf, "):
        cluster.down(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("left", [(), (".localcluster",)])
def test_down_removes_what_an_up_that_was_killed_early_left(tmp_path: Path, left: tuple[str, ...]) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in left:
        (home / name).touch()
    assert cluster.down(home) is True
    assert not home.exists()


def test_an_image_without_a_node_or_a_dockerfile_is_refused_before_anything_starts(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with pytest.raises(ClusterError, match=r"--image needs a node; use --nodes 1"):
        cluster.up(home, nodes=0, image=tmp_path)
    assert not home.exists()
