"""`localcluster clean`: what it removes, what it leaves, and when it does neither."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from chess_localcluster.build import caches
from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import locks
from chess_localcluster.paths import Cache
from chess_localcluster.progress import Silent


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    made = Cache(root=tmp_path / "chesscluster")
    for name in caches.PARTS:
        (made.root / name).mkdir(parents=True)
        (made.root / name / "file").write_text("x" * 5000)
    return made


def test_it_removes_what_was_made_and_tells_how_much(cache: Cache) -> None:
    assert [place.path.name for place in caches.own(cache)] == list(caches.PARTS)
    assert all(place.size >= 5000 for place in caches.own(cache))
    caches.clean(cache, go=False)
    assert not cache.root.exists()
    caches.clean(cache, go=False)


def test_what_somebody_put_there_stays(cache: Cache) -> None:
    (cache.root / "mine").write_text("mine")
    caches.clean(cache, go=False)
    assert [path.name for path in cache.root.iterdir()] == ["mine"]


def test_a_program_that_runs_from_there_forbids_it(cache: Cache) -> None:
    program = cache.bin / "kubelet"
    shutil.copy(shutil.which("sleep") or "", program)
    with subprocess.Popen([str(program), "60"]) as running:
        with pytest.raises(
            ClusterError, match=rf"in use by kubelet \(pid {running.pid}\): `localcluster down` first"
        ):
            caches.clean(cache, go=False)
        running.kill()
    assert program.exists()


def test_a_build_that_runs_forbids_it(cache: Cache) -> None:
    lock = cache.bin / ".kube.lock"
    with locks.locked(lock, "build", Silent()), pytest.raises(ClusterError, match=f"whoever holds {lock}"):
        caches.clean(cache, go=False)
    assert cache.bin.exists()


def test_go_s_own_caches_are_emptied_only_when_asked(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    go = cache.root.parent / "programs" / "go"
    go.parent.mkdir()
    go.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo "go version go1.26.6 linux/amd64" || echo "$@" >> {go}.asked\n'
    )
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    caches.clean(cache, go=False)
    asked = Path(f"{go}.asked")
    assert not asked.exists()
    caches.clean(cache, go=True)
    assert asked.read_text() == "clean -cache -modcache\n"


def test_what_cannot_be_removed_is_not_called_removed(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object, **_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(PermissionError):
        caches.clean(cache, go=False)
