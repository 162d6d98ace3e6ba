"""Processes of a home are found again, also without a record."""

import sys
from pathlib import Path

import pytest
from polling import wait_until

from chess_localcluster.processes.process import stop
from chess_localcluster.processes.registry import Registry

WAIT = "import time; print('here', flush=True); time.sleep(300)"
WIPE = (
    "import ctypes\n"
    "start, end = (int(open('/proc/self/stat').read().rpartition(')')[2].split()[field]) for field in (47, 48))\n"
    "ctypes.memset(start, 0, end - start)\n" + WAIT
)


@pytest.mark.parametrize("program", [WAIT, WIPE], ids=["marked", "with-its-environment-overwritten"])
def test_a_process_without_a_record_is_found(tmp_path: Path, program: str) -> None:
    registry = Registry(run=tmp_path / "run", log=tmp_path / "log", mark="a-test's")
    process = registry.start("waits", [sys.executable, "-c", program])
    try:
        log = tmp_path / "log" / "waits.log"
        wait_until(lambda: log.read_text() == "here\n", log.read_text)
        registry.forget("waits")
        assert [one.pid for one in registry.marked()] == [process.pid]
        assert Registry(run=tmp_path / "run", log=tmp_path / "other", mark="another's").marked() == []
    finally:
        stop([process], grace_seconds=5)
