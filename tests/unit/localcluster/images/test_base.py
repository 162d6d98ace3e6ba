"""The base image is made anew once it is old."""

import os
import time
from pathlib import Path

import pytest

from chess_localcluster.errors import ClusterError
from chess_localcluster.images import base
from chess_localcluster.paths import Cache
from chess_localcluster.progress import Silent


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Collect each making of the image, which writes a file instead."""
    calls: list[Path] = []

    def make(_root: Path, target: Path) -> None:
        calls.append(target)
        target.write_text(f"image {len(calls)}")

    monkeypatch.setattr(base, "_make", make)
    return calls


def age(target: Path, days: float) -> None:
    then = time.time() - days * base.DAY_SECONDS
    os.utime(target, (then, then))


@pytest.mark.parametrize("days, times", [(0, 1), (29, 1), (31, 2)])
def test_it_is_made_once_and_again_after_a_month(
    tmp_path: Path, made: list[Path], days: int, times: int
) -> None:
    cache = Cache(root=tmp_path)
    target = base.archive(cache, Silent())
    age(target, days)
    before = base.identity(target)
    assert base.archive(cache, Silent()) == target
    assert len(made) == times
    assert (base.identity(target) != before) is (times == 2)


def test_without_a_network_the_old_one_serves(
    tmp_path: Path, made: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(root=tmp_path)
    target = base.archive(cache, Silent())
    age(target, 40)

    def fails(*_: object) -> None:
        raise ClusterError("mmdebstrap failed: the network does not answer")

    monkeypatch.setattr(base, "_make", fails)
    assert base.archive(cache, Silent()) == target
    assert target.read_text() == "image 1"
