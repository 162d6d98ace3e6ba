"""Logs that have grown are set aside while their writers go on."""

import sys
from pathlib import Path

from polling import wait_until

from chess_localcluster.processes import rotation
from chess_localcluster.processes.process import stop
from chess_localcluster.processes.registry import Registry

WRITES = "import time\nn = 0\nwhile True: n += 1; print(f'line {n}', flush=True); time.sleep(0.01)"


def test_a_log_is_set_aside_once_it_has_grown_and_its_writer_goes_on(tmp_path: Path) -> None:
    registry = Registry(run=tmp_path / "run", log=tmp_path / "log", mark="rotation")
    log = registry.log / "writer.log"
    process = registry.start("writer", [sys.executable, "-c", WRITES])
    try:
        wait_until(lambda: log.exists() and log.stat().st_size > 100, "it writes")
        assert rotation.rotate(registry.log, most_bytes=1 << 20) == []
        assert rotation.rotate(registry.log, most_bytes=100) == ["writer.log"]
        assert (registry.log / "writer.log.1").read_text().startswith("line 1\n")
        wait_until(lambda: log.stat().st_size > 0, "it goes on")
        assert log.read_text().startswith("line ")  # at the beginning of the file, not behind a hole
        wait_until(lambda: log.stat().st_size > 100, "it has grown again")
        rotation.rotate(registry.log, most_bytes=100)
    finally:
        stop([process], grace_seconds=5)
    assert sorted(path.name for path in registry.log.iterdir()) == ["writer.log", "writer.log.1"]
    assert "line 1\n" not in (registry.log / "writer.log.1").read_text()


def test_small_logs_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "small.log").write_text("x")
    (tmp_path / "large.txt").write_text("x" * 1000)
    assert rotation.rotate(tmp_path, most_bytes=10) == []


def test_a_log_that_is_gone_meanwhile_keeps_no_other_from_it(tmp_path: Path) -> None:
    (tmp_path / "a.log").symlink_to(tmp_path / "gone")
    (tmp_path / "b.log").write_text("x" * 1000)
    assert rotation.rotate(tmp_path, most_bytes=10) == ["b.log"]
