"""The control groups of kubelet's pods: made before kubelet starts, emptied and removed with the node."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from chess_localcluster.machine.polling import wait_until
from chess_localcluster.node.config import CGROUP

ROOT = Path("/sys/fs/cgroup")
PROCESSES = "cgroup.procs"
KILL_SECONDS = 5.0


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Return the mounted hierarchies: version 2 has one, version 1 one per controller and often an empty version 2."""
    if (root / "cgroup.controllers").exists():
        return [root]
    return [path for path in sorted(root.iterdir()) if (path / PROCESSES).exists()]


def ensure() -> None:
    """Make kubelet's root group in every hierarchy; kubelet does not make it itself."""
    for hierarchy in hierarchies():
        group = hierarchy / CGROUP.strip("/")
        group.mkdir(exist_ok=True)
        if hierarchy.name == "cpuset":
            _inherit_cpuset(hierarchy, group)
        control = hierarchy / "cgroup.subtree_control"
        if control.exists():
            _enable_controllers(hierarchy, group)


def _inherit_cpuset(parent: Path, group: Path) -> None:
    """Copy processors and memory to a new group of version 1, which starts without any."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not (group / name).read_text().strip():
            (group / name).write_text((parent / name).read_text())


def _enable_controllers(hierarchy: Path, group: Path) -> None:
    """Enable controllers level by level, as version 2 requires; beside version 1 it has none."""
    wanted = " ".join(f"+{name}" for name in (hierarchy / "cgroup.controllers").read_text().split())
    for path in (hierarchy, group) if wanted else ():
        (path / "cgroup.subtree_control").write_text(wanted)


def remove() -> None:
    """Kill every process of every pod and remove the groups."""
    wait_until(_all_killed, KILL_SECONDS)
    wait_until(lambda: not _groups_left(), KILL_SECONDS)


def _all_killed() -> bool:
    """Kill every process; return True once none was left, since a process may fork while others are killed."""
    pids = set(_pids())
    for pid in pids:
        _kill(pid)
    return not pids


def _groups_left() -> list[Path]:
    """Remove each group and return those left: the kernel frees a group a moment after its last process."""
    for group in _groups():
        with contextlib.suppress(OSError):
            group.rmdir()
    return _groups()


def _pids() -> Iterator[int]:
    for group in _groups():
        try:
            yield from (int(line) for line in (group / PROCESSES).read_text().split())
        except OSError:
            continue


def _groups() -> list[Path]:
    """Return all groups of this node, the deepest first."""
    found = []
    for hierarchy in hierarchies():
        top = hierarchy / CGROUP.strip("/")
        found += [Path(path) for path, _, _ in os.walk(top, topdown=False)]
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
