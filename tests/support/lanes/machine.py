"""A machine of its own for a job, on this one: `python -m lanes.machine NAME -- COMMAND…`, as root.

A node takes a machine: bridge, pod addresses, kubelet's port and `/run/localcluster-node` are there once. A second node
gets namespaces of its own (network, mounts, processes, control groups), a home of its own, and a copy of what the
kernel has only once. Its network is loopback and what the job makes; it reaches nothing outside. When the command ends,
the kernel ends every process that it left, and takes the mounts and the network with them.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from lanes.lock import LOCKS, HeldError, held
from lanes.processes import Interrupts, signalled_at_parents_death

CGROUPS = Path("/sys/fs/cgroup")
PROCESSES = "cgroup.procs"
EMPTIED = ("/run", "/var/lib/kubelet", "/var/lib/cni", "/var/log/containers")
"""Directories that container tools share per machine whatever their home is."""
COPIED = ("/proc/sys/kernel/panic", "/proc/sys/kernel/panic_on_oops", "/proc/sys/vm/overcommit_memory")
"""Settings that no namespace holds: kubelet sets them and `localcluster down` sets them back."""
SHARES = "8192"
"""The whole machine counts as one against every single process outside, which has 1024."""
POLL_SECONDS = 0.1
SETTLE_SECONDS = 10.0
"""How long the kernel may take to end what was in a machine."""
INSIDE = "--inside"


def run(name: str, command: Sequence[str]) -> int:
    """Run the command to its end; returns its exit code. Ctrl-C and SIGTERM end the whole machine at once."""
    if os.geteuid():
        raise SystemExit("lanes.machine: needs root, for namespaces and control groups")
    try:
        with held(LOCKS / f"chess-lane-{name}.lock"):
            return _run(name, command)
    except HeldError as error:
        raise SystemExit(f"lanes.machine: {name} runs already, process {error}") from error


def _run(name: str, command: Sequence[str]) -> int:
    home = Path(f"/var/lib/chess-lane-{name}")
    groups = [hierarchy / f"chess-lane-{name}" for hierarchy in _hierarchies()]
    _remove(groups, home)  # what a killed run has left
    for group in groups:
        _make(group)
    namespaces = ("--net", "--mount", "--pid", "--cgroup", "--fork", "--kill-child", "--mount-proc")
    inside = (sys.executable, "-m", "lanes.machine", name, INSIDE, *command)
    interrupts = Interrupts()
    interrupts.listen()
    process = subprocess.Popen(
        ["unshare", *namespaces, *inside],
        env={**os.environ, "LOCALCLUSTER_HOME": str(home)},
        preexec_fn=lambda: _enter(groups),  # noqa: PLW1509 - one thread; unshare must start in its groups
    )
    _step_aside(groups, process.pid)
    while True:
        if interrupts.count:
            process.kill()
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(POLL_SECONDS)
            break
    _remove(groups, home)
    return code if code >= 0 else 128 - code


def _hierarchies() -> list[Path]:
    """Return the mounted hierarchies: version 2 has one, version 1 one a controller."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return [path for path in CGROUPS.iterdir() if (path / PROCESSES).exists() and not path.is_symlink()]


def _make(group: Path) -> None:
    group.mkdir()
    for setting in ("cpuset.cpus", "cpuset.mems"):  # version 1 starts a group without any
        if (group / setting).exists() and not (group / "cgroup.controllers").exists():
            (group / setting).write_text((group.parent / setting).read_text())
    if (group / "cpu.shares").exists():
        (group / "cpu.shares").write_text(SHARES)


def _enter(groups: Iterable[Path]) -> None:
    signalled_at_parents_death(signal.SIGKILL)
    for group in groups:
        (group / PROCESSES).write_text(str(os.getpid()))


def _step_aside(groups: Iterable[Path], pid: int) -> None:
    """Leave the group itself empty where it is of version 2: one with processes hands no controllers down."""
    for group in groups:
        if (group / "cgroup.controllers").exists():
            (group / "outside").mkdir(exist_ok=True)
            (group / "outside" / PROCESSES).write_text(str(pid))


def _remove(groups: Iterable[Path], home: Path) -> None:
    for group in groups:
        if group.exists():
            _remove_group(group)
    shutil.rmtree(home, ignore_errors=True)


def _remove_group(group: Path) -> None:
    """Remove a group and what is below it; a process in it is of a run that was killed."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            for path in (*sorted(group.rglob("*/"), reverse=True), group):
                for pid in (path / PROCESSES).read_text().split():
                    with suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
                path.rmdir()
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"lanes.machine: {group} cannot be removed: {error.strerror}") from error
            time.sleep(0.1)
        else:
            return


def _inside(name: str, command: Sequence[str]) -> int:
    """Furnish the machine, run the command, and reap what it leaves: this is its first process."""
    _mount_groups(name)
    for directory in EMPTIED:
        Path(directory).mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", directory)
    Path("/run/lock").mkdir()
    for setting in COPIED:
        copy = Path("/run") / setting.strip("/").replace("/", "-")
        copy.write_text(Path(setting).read_text())
        _mount("--bind", str(copy), setting)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return _run_and_reap(command)


def _mount_groups(name: str) -> None:
    """Show the machine its own devices, and its own control groups as if they were all there are."""
    kept = Path(tempfile.mkdtemp())
    _mount("--rbind", str(CGROUPS), str(kept))
    _mount("-t", "sysfs", "sysfs", "/sys")  # /sys/class/net shows the network of who mounts it
    _mount("--rbind", str(kept), str(CGROUPS))
    subprocess.run(["umount", "--recursive", str(kept)], check=True)
    kept.rmdir()
    for group in sorted(CGROUPS.glob(f"chess-lane-{name}")) or sorted(CGROUPS.glob(f"*/chess-lane-{name}")):
        if (group / "cgroup.controllers").exists():
            (group / "inside").mkdir(exist_ok=True)
            (group / "inside" / PROCESSES).write_text("0")
        _mount("--bind", str(group), str(group.parent))


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _run_and_reap(command: Sequence[str]) -> int:
    try:
        process = subprocess.Popen(command)
    except OSError as error:
        raise SystemExit(f"lanes.machine: {error}") from error
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _frame: os.kill(process.pid, received))
    while True:
        pid, status = os.wait()
        if pid == process.pid:
            return os.waitstatus_to_exitcode(status) % 256


def main() -> int:
    """Read the command line."""
    name, marker, *command = sys.argv[1:] if len(sys.argv) > 2 else ("", "")
    if not command or marker not in ("--", INSIDE):
        raise SystemExit("usage: python -m lanes.machine NAME -- COMMAND…")
    return _inside(name, command) if marker == INSIDE else run(name, command)


if __name__ == "__main__":
    sys.exit(main())
