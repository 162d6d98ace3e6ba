"""A run of jobs as `make test` starts it: exit codes, what it prints, and that no job outlives it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from polling import wait_until

SUPPORT = Path(__file__).parents[2] / "support"
DEFAULTS = ("env", "--default-signal")
"""The tests themselves may have been started with nohup or in the background, and pass on what those ignore."""
DRIVER = """
import sys
from pathlib import Path
from lanes import __main__ as lanes, jobs
from lanes.jobs import Job, Load

jobs.OUT = Path(sys.argv.pop(1))
jobs.LOCK = jobs.OUT / "lock"
jobs.QUICK = tuple(
    Job(
        name=name, tier="unit", command=("bash", "-c", command), needs=tuple(needs), load=Load.MAKES,
        collects=collects,
    )
    for name, command, needs, collects in JOBS
)
sys.exit(lanes.main())
"""


def start(
    out: Path, jobs: list[tuple[str, str, list[str], bool]], *names: str, below: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """Run jobs: name, command, needs, whether it writes results; `below`: the program that starts the run."""
    return subprocess.Popen(
        [*DEFAULTS, *below, sys.executable, "-c", f"JOBS = {jobs!r}\n{DRIVER}", str(out), "quick", *names],
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def results(out: Path, name: str) -> str:
    """Return a command that writes the results of one passed test."""
    document = '<testsuite tests="1" failures="0" errors="0" skipped="0"/>'
    return f"echo '{document}' > {out}/{name}.xml"


def alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def test_what_passed_is_added_up(tmp_path: Path) -> None:
    run = start(tmp_path, [("a", results(tmp_path, "a"), [], True), ("b", results(tmp_path, "b"), [], True)])
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 0, output
    assert " 2 passed in " in output.splitlines()[-1]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param("echo why; exit 1", id="exit code"),
        pytest.param("echo why", id="success without results"),
    ],
)
def test_a_job_that_did_not_pass_shows_why_and_stops_what_needs_it(tmp_path: Path, command: str) -> None:
    run = start(tmp_path, [("a", command, [], True), ("b", results(tmp_path, "b"), ["a"], True)])
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "why" in output.splitlines()
    assert "did not pass: a, b" in output
    assert " 2 errors in " in output.splitlines()[-1]


TIDY = "trap 'echo tidy > {0}/tidied; exit' INT; echo $$ > {0}/pid; while true; do sleep 0.1; done"
STUBBORN = "trap '' INT; echo $$ > {0}/pid; while true; do sleep 0.1; done"


def running(out: Path, command: str, **options: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start a run of one job and wait until the job has written its id."""
    run = start(out, [("a", command.format(out), [], False)], **options)
    wait_until(lambda: (out / "pid").exists() and (out / "pid").read_text(), "the job runs")
    return run


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_no_job_outlives_an_interrupted_run(tmp_path: Path, number: signal.Signals) -> None:
    run = running(tmp_path, TIDY)
    run.send_signal(number)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 130, output
    assert "Traceback" not in output
    assert (tmp_path / "tidied").exists()
    assert not alive(tmp_path / "pid")


def test_the_jobs_of_a_killed_run_clean_up(tmp_path: Path) -> None:
    run = running(tmp_path, TIDY)
    run.kill()
    run.communicate(timeout=120)
    wait_until(lambda: not alive(tmp_path / "pid"), "the job has ended")
    assert (tmp_path / "tidied").exists()


def test_a_run_in_the_background_of_a_script_can_be_interrupted(tmp_path: Path) -> None:
    """A shell starts such a process with SIGINT ignored, which its children would inherit."""
    run = running(tmp_path, TIDY, below=("env", "--ignore-signal=INT"))
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=120)
    assert (tmp_path / "tidied").exists()


def test_nohup_is_respected(tmp_path: Path) -> None:
    run = running(tmp_path, f"{TIDY} & sleep 1", below=("env", "--ignore-signal=HUP"))
    run.send_signal(signal.SIGHUP)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 0, output


def test_what_a_job_leaves_running_ends_with_it(tmp_path: Path) -> None:
    run = running(tmp_path, "sleep 60 & echo $! > {0}/pid")
    assert run.wait(120) == 0
    run.communicate()
    wait_until(lambda: not alive(tmp_path / "pid"), "what it left has ended")


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    run = running(tmp_path, STUBBORN)
    run.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        run.wait(1)
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 130, output
    assert "Traceback" not in output
    wait_until(lambda: not alive(tmp_path / "pid"), "the job has ended")


@pytest.mark.parametrize("times", [1, 2, 6])
def test_ctrl_c_while_jobs_start_leaves_none(tmp_path: Path, times: int) -> None:
    """Each job writes its id first; those of a run that was hit in between must not live on."""
    jobs = [(f"j{number}", f"echo $$ > {tmp_path}/{number}.pid; sleep 60", [], False) for number in range(4)]
    run = start(tmp_path, jobs)
    wait_until(lambda: [*tmp_path.glob("*.log")], "the first job begins", every=0.001)
    for _ in range(times):
        run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 130, output
    assert [file for file in tmp_path.glob("*.pid") if file.read_text() and alive(file)] == []


def test_a_log_that_was_removed_ends_nothing(tmp_path: Path) -> None:
    run = start(tmp_path, [("a", f"rm {tmp_path}/a.log; exit 1", [], False)])
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "did not pass: a" in output


def test_a_terminal_gets_only_text(tmp_path: Path) -> None:
    run = start(tmp_path, [("a", r"printf 'bell \a escape \033[2J byte \377'; exit 1", [], False)])
    output, _ = run.communicate(timeout=120)
    assert "bell � escape �[2J byte �" in output


def test_a_second_run_in_the_same_place_is_refused(tmp_path: Path) -> None:
    first = start(tmp_path, [("a", f"touch {tmp_path}/began; sleep 60", [], False)])
    wait_until((tmp_path / "began").exists, "the first runs")
    second = start(tmp_path, [("a", "true", [], False)])
    output, _ = second.communicate(timeout=120)
    assert second.returncode == 2
    assert output == f"lanes: another run is active (process {first.pid}); wait for it, or stop it\n"
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=120)
    third = start(tmp_path, [("a", "true", [], False)])
    third.communicate(timeout=120)
    assert third.returncode == 0


def test_a_wrong_name_is_one_line(tmp_path: Path) -> None:
    run = start(tmp_path, [("a", "true", [], False)], "b")
    output, _ = run.communicate(timeout=120)
    assert (run.returncode, output) == (2, "lanes: b: unknown; the jobs are a\n")


def test_a_disk_that_takes_nothing_is_one_line_and_ends_the_jobs(tmp_path: Path) -> None:
    (tmp_path / "b.log").mkdir()  # stands for a disk on which no log can be made
    run = start(tmp_path, [("a", "exec sleep 60", [], False), ("b", "true", [], False)])
    output, _ = run.communicate(timeout=120)
    assert run.returncode == 1
    assert output.splitlines() == [f"lanes: [Errno 21] Is a directory: '{tmp_path}/b.log'"]
