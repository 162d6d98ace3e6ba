"""URLs of the stores beside the cluster."""

import signal
import subprocess
from pathlib import Path

import pytest
from polling import wait_until

from chess_localcluster.processes.process import identify
from chess_localcluster.stores import store
from chess_localcluster.stores.managed import urls


def test_stores_have_a_name_for_pods_and_an_address_for_this_machine() -> None:
    assert urls("postgres", "s3") == {
        "database.url": "postgresql://chess:s3@postgres.stores.svc.cluster.local:5432/chess",
        "database.host.url": "postgresql://chess:s3@10.88.0.1:5432/chess",
    }


def test_a_child_that_has_ended_keeps_no_other_from_its_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend of PostgreSQL may end between the list of all and its own signal."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    with subprocess.Popen(["sleep", "60"]) as server, subprocess.Popen(["sleep", "60"]) as child:
        (tmp_path / "children").write_text(f"{ended.pid} {child.pid} ")
        monkeypatch.setattr(store, "_children", lambda _: tmp_path / "children")
        found = [identify("x", one.pid) for one in (server, child)]
        processes = [one for one in found if one]
        store.signal_family(processes[0], signal.SIGSTOP)
        wait_until(lambda: all(one.frozen for one in processes), "both are stopped")
        for one in (server, child):
            one.kill()
