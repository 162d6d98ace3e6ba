"""The lock on a home: refused while a command works there, taken once what a killed one left is gone."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from chess_localcluster import homes
from chess_localcluster.errors import ClusterError
from chess_localcluster.paths import Home


def hold(root: Path) -> int:
    """Lock the home as a child does that a killed command was just starting."""
    descriptor = os.open(root, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def test_a_lock_that_is_released_at_once_is_waited_for(tmp_path: Path) -> None:
    timer = threading.Timer(0.2, os.close, [hold(tmp_path)])
    timer.start()
    with homes.locked(Home(root=tmp_path), "up"):
        pass
    timer.join()


def test_a_lock_that_stays_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "MOMENT_SECONDS", 0.1)
    descriptor = hold(tmp_path)
    refused = pytest.raises(ClusterError, match="another localcluster command is using")
    with refused, homes.locked(Home(root=tmp_path), "up"):
        pytest.fail("it was given away twice")
    os.close(descriptor)
