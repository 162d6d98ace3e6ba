"""Two processes want the same thing at the same time: one makes it, the other shows that it waits and finds it made."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from polling import wait_until

from chess_localcluster.errors import ClusterError
from chess_localcluster.machine import locks
from chess_localcluster.progress import Silent

COMMON = """
import os, sys, time
from pathlib import Path

from chess_localcluster.build import binaries, golang, packages
from chess_localcluster.build.binaries import Build
from chess_localcluster.images import base, dockerfile, pause
from chess_localcluster.paths import Cache
from chess_localcluster.progress import Terminal

here, cache, progress = Path(os.environ["HERE"]), Cache.of_user(), Terminal()

def make(path):
    with (here / "made").open("a") as made:
        made.write("once\\n")
    for _ in range(500):
        if (here / "go-on").exists():
            break
        time.sleep(0.02)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\\necho go version go1.26.6 linux/amd64\\n")
    path.chmod(0o755)
"""
GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go1.26.6 linux/amd64"; exit; fi
echo once >> "$HERE/made"
left=500
while [ ! -e "$HERE/go-on" ] && [ $left -gt 0 ]; do left=$((left - 1)); sleep 0.02; done
while [ "$1" != -o ]; do shift; done
echo program > "$2"
"""
WANTED = {
    "build of hello": """
binaries.MODULES, binaries.NEEDED_BYTES = here, 0
binaries.ensure(cache, (Build(name="hello", module="hello", package=".", title="hello"),), progress)
assert (cache.bin / "hello").read_text() == "program\\n"
""",
    "installation of Go": """
os.environ["PATH"], golang.USUAL_PLACES = "/usr/bin:/bin", ()
golang._on_path = lambda: []
golang._install = lambda own: make(own) or golang._usable(own)
assert golang.ensure(cache, progress).version == "1.26.6"
""",
    "installation of Debian packages": """
packages.LOCK, packages.PACKAGES = here / "lock", (packages.Package(name="x", proof=f"{here}/x", why="test"),)
packages._require_means = lambda names: None
packages._install = lambda names: make(here / "x")
packages.ensure(progress)
assert (here / "x").exists()
""",
    "build of the base image": """
base._make = lambda root, target: make(target)
assert base.archive(cache, progress).exists()
""",
    "build of the pause image": """
pause._make = lambda program, target: make(target)
assert pause.archive(cache, progress).exists()
""",
    "image build": """
base.archive = lambda *_: here / "hello" / "Dockerfile"
dockerfile._bud = lambda cache, *_: make(dockerfile.layout(cache).index)
dockerfile.build(cache, here / "hello", progress)
assert dockerfile.layout(cache).index.exists()
""",
}


@pytest.mark.parametrize("what", WANTED)
def test_the_second_waits_for_the_first_and_finds_it_made(tmp_path: Path, what: str) -> None:
    go = tmp_path / "programs" / "go"
    go.parent.mkdir()
    go.write_text(GO)
    go.chmod(0o755)
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "Dockerfile").touch()
    environment = os.environ | {
        "HERE": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": f"{go.parent}:{os.environ['PATH']}",
    }
    made = tmp_path / "made"
    child = [sys.executable, "-c", COMMON + WANTED[what]]

    with subprocess.Popen(child, env=environment, stderr=subprocess.DEVNULL) as first:
        wait_until(made.exists, "the first process at work")
        with subprocess.Popen(child, env=environment, stderr=subprocess.PIPE, text=True) as second:
            assert second.stderr is not None
            assert f"waiting for another {what}" in second.stderr.readline()
            (tmp_path / "go-on").touch()
            rest = second.stderr.read()
    assert (first.returncode, second.returncode) == (0, 0), rest
    assert made.read_text() == "once\n"


@pytest.mark.parametrize("there", [None, 0o644, 0o666], ids=["new", "readable before", "writable before"])
def test_only_its_owner_can_open_a_lock(tmp_path: Path, there: int | None) -> None:
    lock = tmp_path / "x.lock"
    if there:
        lock.touch()
        lock.chmod(there)
    with locks.locked(lock, "test", Silent()):
        assert lock.stat().st_mode & 0o777 == 0o600


def test_a_planted_link_is_no_lock(tmp_path: Path) -> None:
    precious, lock = tmp_path / "precious", tmp_path / "x.lock"
    precious.write_text("precious")
    lock.symlink_to(precious)
    refused = pytest.raises(ClusterError, match=r"test: the lock .*x\.lock cannot be used")
    with refused, locks.locked(lock, "test", Silent()):
        pytest.fail("it was locked")
    assert precious.read_text() == "precious"
