"""A local cluster that is up and does not answer is not taken for down, and no run ends it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chess_localcluster import cluster, homes
from chess_localcluster.paths import Home

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("module", ["chess_bench.demo", "chess_bench.reaction"])
def test_a_cluster_that_hangs_outlives_a_run_with_another_home_and_cache(tmp_path: Path, module: str) -> None:
    home = Home.at(tmp_path / "home")
    cluster.up(home.root, nodes=0)
    try:
        apiserver = homes.registry(home).find("kube-apiserver")
        assert apiserver is not None
        apiserver.signal(signal.SIGSTOP)
        before = {process.name: process.pid for process in homes.registry(home).recorded()}
        done = subprocess.run(
            [sys.executable, "-m", module],
            cwd=tmp_path,
            env={
                **os.environ,
                "LOCALCLUSTER_HOME": str(home.root),
                "HOME": str(tmp_path),
                "XDG_CACHE_HOME": "",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        assert "cluster down" not in done.stdout
        assert "left: " not in done.stdout, "the run has started nothing"
        found = homes.registry(home).recorded()
        assert {process.name: process.pid for process in found} == before
        assert all(process.alive for process in found)
    finally:
        cluster.down(home.root)
