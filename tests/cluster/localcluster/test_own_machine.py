"""`lanes.machine`: what a tier with a node of its own runs in, and what is left of it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from polling import wait_until

pytestmark = pytest.mark.cluster
SUPPORT = Path(__file__).parents[2] / "support"
NAME = "own-machine-test"


def start(command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "lanes.machine", NAME, "--", "bash", "-c", command],
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def traces() -> list[str]:
    groups = [str(path) for path in Path("/sys/fs/cgroup").glob(f"**/chess-lane-{NAME}")]
    return [*groups, *(str(path) for path in Path("/var/lib").glob(f"chess-lane-{NAME}"))]


def test_it_has_its_own_network_processes_and_settings() -> None:
    panic = Path("/proc/sys/kernel/panic").read_text()
    look = "ls /sys/class/net; ls -d /proc/[0-9]* | wc -l; echo $LOCALCLUSTER_HOME"
    process = start(f"{look}; echo 77 > /proc/sys/kernel/panic; exit 3")
    output, _ = process.communicate(timeout=120)
    links, processes, home = output.split()
    assert process.returncode == 3
    assert links == "lo"
    assert int(processes) < 10
    assert home == f"/var/lib/chess-lane-{NAME}"
    assert Path("/proc/sys/kernel/panic").read_text() == panic
    assert traces() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_it(number: signal.Signals, tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    process = start(f"(while sleep 0.1; do date +%N > {beat}; done) & mkdir -p $LOCALCLUSTER_HOME; sleep 600")
    wait_until(beat.exists, "the command runs")
    process.send_signal(number)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert traces() == []
    last = beat.read_text()
    with pytest.raises(AssertionError):
        wait_until(lambda: beat.read_text() != last, "what it left behind beats on", within=1)


def test_what_a_killed_run_left_is_no_obstacle() -> None:
    for hierarchy in Path("/sys/fs/cgroup").glob("*/cgroup.procs"):
        (hierarchy.parent / f"chess-lane-{NAME}" / "localcluster").mkdir(parents=True)
    process = start("true")
    output, _ = process.communicate(timeout=120)
    assert (process.returncode, output, traces()) == (0, "", [])


def test_a_second_of_the_same_name_is_refused_and_disturbs_nothing(tmp_path: Path) -> None:
    first = start(f"mkdir -p $LOCALCLUSTER_HOME; touch {tmp_path}/began; sleep 60")
    wait_until((tmp_path / "began").exists, "the first runs")
    before = traces()
    second = start("true")
    output, _ = second.communicate(timeout=120)
    assert (second.returncode, output) == (1, f"lanes.machine: {NAME} runs already, process {first.pid}\n")
    assert first.poll() is None
    assert traces() == before != []
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=120)
    assert traces() == []


def test_a_killed_machine_ends_and_is_no_obstacle(tmp_path: Path) -> None:
    beat = tmp_path / "beat"
    first = start(f"while sleep 0.1; do date +%N > {beat}; done")
    wait_until(beat.exists, "the command runs")
    first.kill()
    first.communicate(timeout=120)
    second = start("true")
    output, _ = second.communicate(timeout=120)
    assert (second.returncode, output, traces()) == (0, "", [])
    last = beat.read_text()
    with pytest.raises(AssertionError):
        wait_until(lambda: beat.read_text() != last, "what was killed beats on", within=1)


def test_an_unknown_command_is_one_line() -> None:
    machine = (sys.executable, "-m", "lanes.machine", NAME, "--", "no-such-program")
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT)}
    process = subprocess.run(
        machine, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert process.returncode == 1
    assert process.stderr.splitlines() == [
        "lanes.machine: [Errno 2] No such file or directory: 'no-such-program'"
    ]
