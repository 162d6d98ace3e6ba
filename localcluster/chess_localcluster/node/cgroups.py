"""The control groups of kubelet's pods: made before kubelet starts, emptied and removed with the node.

Version 1 has a hierarchy per controller, version 2 one for all. The rules of version 2 are those of the kernel's
documentation (admin-guide/cgroup-v2): controllers are handed down level by level by `cgroup.subtree_control`, where one
write takes all of its changes or none, and only by groups without processes, the root excepted.
"""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine.polling import wait_until
from chess_localcluster.node.config import CGROUP

ROOT = Path("/sys/fs/cgroup")
PROCESSES = "cgroup.procs"
CONTROLLERS, HANDED_DOWN = "cgroup.controllers", "cgroup.subtree_control"
KUBELETS = ("cpu", "cpuset", "memory", "pids", "hugetlb")
"""What kubelet asks of its root group, as far as the machine has it. Others (io, rdma, misc) stay as they are."""
MOUNTED = ("cpu", "cpuacct", "cpuset", "memory")
"""Without these hierarchies of version 1 kubelet ends."""
NEEDED = ("cpu", "memory", "pids")
"""The limits of a pod."""
KILL_SECONDS = 5.0


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Return the mounted hierarchies: version 2 has one, version 1 one per controller and often an empty version 2."""
    if is_unified(root):
        return [root]
    return [path for path in sorted(root.iterdir()) if (path / PROCESSES).exists()]


def is_unified(root: Path) -> bool:
    """Return whether version 2 has the place alone."""
    return (root / CONTROLLERS).exists()


def ensure(root: Path = ROOT) -> None:
    """Make kubelet's root group in every hierarchy; kubelet does not make it itself."""
    for hierarchy in hierarchies(root):
        group = hierarchy / CGROUP.strip("/")
        group.mkdir(exist_ok=True)
        if hierarchy.name == "cpuset":
            _inherit_cpuset(hierarchy, group)
    if is_unified(root):
        _hand_down(root)
        _hand_down(root / CGROUP.strip("/"))


def _inherit_cpuset(parent: Path, group: Path) -> None:
    """Copy processors and memory to a new group of version 1, which starts without any."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not (group / name).read_text().strip():
            (group / name).write_text((parent / name).read_text())


def _hand_down(group: Path) -> None:
    """Hand kubelet's controllers down to a group's children, those that they lack alone."""
    lacking = [name for name in KUBELETS if name in _words(group / CONTROLLERS) - _words(group / HANDED_DOWN)]
    if not lacking:
        return
    try:
        (group / HANDED_DOWN).write_text(" ".join(f"+{name}" for name in lacking))
    except OSError as error:
        raise ClusterError(
            f"control group {group} cannot hand {', '.join(lacking)} down: {error.strerror} "
            "(version 2 wants a group without processes of its own)"
        ) from error


def _words(path: Path) -> set[str]:
    return set(path.read_text().split()) if path.exists() else set()


def obstacle(root: Path = ROOT) -> tuple[str, str] | None:
    """Return what keeps a node from having groups here, and what to do; None if nothing does."""
    found = hierarchies(root) if root.exists() else []
    if not found:
        return f"none are mounted at {root}", f"mount -t cgroup2 none {root}"
    if not all(os.access(path, os.W_OK) for path in found):
        return f"{root} cannot be written", "in a container, run it with its own writable control groups"
    return _obstacle_of_version_2(root) if is_unified(root) else _obstacle_of_version_1(found)


def _obstacle_of_version_1(found: list[Path]) -> tuple[str, str] | None:
    mounted = {name for path in found for name in path.name.split(",")}
    missing = [name for name in MOUNTED if name not in mounted]
    if missing:
        return f"{', '.join(missing)} not mounted", "boot with them (cgroup_enable=memory), or with version 2"
    return None


def _obstacle_of_version_2(root: Path) -> tuple[str, str] | None:
    missing = [name for name in NEEDED if name not in _words(root / CONTROLLERS)]
    if missing:
        return f"{', '.join(missing)} not available in {root}", "let the group above hand them down"
    handed_down = set(NEEDED) <= _words(root / HANDED_DOWN)
    # cgroup.type is in every group but the true root, which alone may have processes and hand controllers down
    if not handed_down and (root / "cgroup.type").exists() and _words(root / PROCESSES):
        text = f"{root} is not the machine's root group and has processes, so it hands nothing down"
        move = f"for p in $(cat {root}/{PROCESSES}); do echo $p > {root}/init/{PROCESSES}; done"
        return text, f"move them first: `mkdir {root}/init; {move}`"
    return None


def remove(root: Path = ROOT) -> None:
    """Kill every process of every pod and remove the groups."""
    wait_until(lambda: _all_killed(root), KILL_SECONDS)
    wait_until(lambda: not _groups_left(root), KILL_SECONDS)


def _all_killed(root: Path) -> bool:
    """Kill every process; return True once none was left, since a process may fork while others are killed."""
    pids = set(_pids(root))
    for pid in pids:
        _kill(pid)
    return not pids


def _groups_left(root: Path) -> list[Path]:
    """Remove each group and return those left: the kernel frees a group a moment after its last process."""
    for group in _groups(root):
        with contextlib.suppress(OSError):
            group.rmdir()
    return _groups(root)


def _pids(root: Path) -> Iterator[int]:
    for group in _groups(root):
        try:
            yield from (int(line) for line in (group / PROCESSES).read_text().split())
        except OSError:  # gone meanwhile, or a threaded group, whose processes the group above lists
            continue


def _groups(root: Path) -> list[Path]:
    """Return all groups of this node, the deepest first."""
    found = []
    for hierarchy in hierarchies(root):
        top = hierarchy / CGROUP.strip("/")
        found += [Path(path) for path, _, _ in os.walk(top, topdown=False)]
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
