"""Control groups on trees that stand for the kernel's; version 2 as its documentation has it."""

from pathlib import Path

import pytest

from chess_localcluster.errors import ClusterError
from chess_localcluster.node import cgroups


def version_2(
    root: Path, *, controllers: str = "cpuset cpu io memory pids rdma misc", on: str = "memory pids"
) -> Path:
    """The machine's root group; the group below gets its files as if the kernel had made them."""
    group = root / "localcluster"
    group.mkdir()
    for path in (root, group):
        (path / "cgroup.controllers").write_text(f"{controllers}\n")
        (path / "cgroup.procs").write_text("")
    (root / "cgroup.procs").write_text("1\n2\n")
    (root / "cgroup.subtree_control").write_text(f"{on}\n")
    (group / "cgroup.subtree_control").write_text("")
    return root


def version_1(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).mkdir()
        (root / name / "cgroup.procs").write_text("1\n")
    return root


def test_version_2_hands_down_level_by_level_what_kubelet_asks_for_and_lacks(tmp_path: Path) -> None:
    cgroups.ensure(version_2(tmp_path))
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +cpuset"
    assert (tmp_path / "localcluster/cgroup.subtree_control").read_text() == "+cpu +cpuset +memory +pids"


def test_version_2_is_left_alone_where_everything_is_handed_down(tmp_path: Path) -> None:
    version_2(tmp_path, on="cpuset cpu memory pids")
    before = (tmp_path / "cgroup.subtree_control").stat().st_mtime_ns
    cgroups.ensure(tmp_path)
    assert (tmp_path / "cgroup.subtree_control").stat().st_mtime_ns == before


def test_version_1_makes_a_group_in_each_hierarchy_and_gives_it_processors(tmp_path: Path) -> None:
    version_1(tmp_path, "cpu,cpuacct", "cpuset", "memory", "unified")
    (tmp_path / "unified/cgroup.controllers").write_text("")
    (tmp_path / "cpuset/localcluster").mkdir()
    for name, text in (("cpuset.cpus", "0-3\n"), ("cpuset.mems", "0\n")):
        (tmp_path / "cpuset" / name).write_text(text)
        (tmp_path / "cpuset/localcluster" / name).write_text("\n")
    cgroups.ensure(tmp_path)
    assert all((path / "localcluster").is_dir() for path in tmp_path.iterdir())
    assert (tmp_path / "cpuset/localcluster/cpuset.cpus").read_text() == "0-3\n"
    assert not (tmp_path / "unified/cgroup.subtree_control").exists()


def test_a_group_that_hands_nothing_down_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version_2(tmp_path)

    def busy(self: Path, _text: str) -> int:
        raise OSError(16, "Device or resource busy", str(self))

    monkeypatch.setattr(Path, "write_text", busy)
    with pytest.raises(
        ClusterError, match=r"cannot hand cpu, cpuset down: Device or resource busy \(version 2 wants"
    ):
        cgroups.ensure(tmp_path)


def test_a_machine_s_root_group_is_no_obstacle_with_processes(tmp_path: Path) -> None:
    assert cgroups.obstacle(version_2(tmp_path)) is None


@pytest.mark.parametrize(
    "on, expected", [("memory", "has processes, so it hands nothing down"), ("cpu memory pids", None)]
)
def test_a_container_s_group_with_processes_is_one_unless_all_is_handed_down(
    tmp_path: Path, on: str, expected: str | None
) -> None:
    version_2(tmp_path, on=on)
    (tmp_path / "cgroup.type").write_text("domain\n")
    found = cgroups.obstacle(tmp_path)
    assert found is None if expected is None else found is not None and expected in found[0]


def test_missing_controllers_are_named(tmp_path: Path) -> None:
    found = cgroups.obstacle(version_2(tmp_path, controllers="cpuset cpu io"))
    assert found is not None
    assert found[0] == f"memory, pids not available in {tmp_path}"


@pytest.mark.parametrize(
    "names, expected",
    [
        (("cpu,cpuacct", "cpuset", "memory"), None),
        (("cpu", "cpuacct", "cpuset", "memory", "unified"), None),
        (("cpu,cpuacct", "cpuset"), "memory not mounted"),
        ((), "none are mounted"),
    ],
)
def test_version_1_needs_what_kubelet_needs(
    tmp_path: Path, names: tuple[str, ...], expected: str | None
) -> None:
    found = cgroups.obstacle(version_1(tmp_path, *names))
    assert found is None if expected is None else found is not None and expected in found[0]
