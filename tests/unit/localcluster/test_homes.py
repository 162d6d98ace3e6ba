"""A home: known by its marker, locked while a command works there, and never a directory of somebody else's."""

import fcntl
import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest
from local_plan import make_plan

from chess_localcluster import homes
from chess_localcluster.errors import ClusterError
from chess_localcluster.paths import Home

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


def hold(root: Path) -> int:
    """Lock the home as a child does that a killed command was just starting."""
    with homes.locked(Home(root=root), "up"):
        pass
    descriptor = os.open(root / homes.MARKER, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def use(root: Path) -> None:
    with homes.locked(Home(root=root), "up"):
        pass


def test_a_lock_that_is_released_at_once_is_waited_for(tmp_path: Path) -> None:
    timer = threading.Timer(0.2, os.close, [hold(tmp_path)])
    timer.start()
    use(tmp_path)
    timer.join()


def test_a_lock_that_stays_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "MOMENT_SECONDS", 0.1)
    descriptor = hold(tmp_path)
    with pytest.raises(ClusterError, match=r"up: `localcluster up` \(pid \d+\) is using"):
        use(tmp_path)
    os.close(descriptor)


@as_root
def test_nobody_else_can_hold_the_lock() -> None:
    stranger = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--", "flock", "--nonblock")
    with tempfile.TemporaryDirectory() as directory:  # not below pytest's own, which others may not enter
        home = Path(directory)
        home.chmod(0o755)
        use(home)
        there, lock = (
            subprocess.run([*stranger, str(path), "true"], capture_output=True, text=True, check=False)
            for path in (home, home / homes.MARKER)
        )
    assert there.returncode == 0  # the way there is open
    assert "Permission denied" in lock.stderr


@pytest.mark.parametrize(
    "name, text",
    [
        pytest.param("notes.txt", "mine", id="a file"),
        pytest.param("cluster.json", "{}", id="a plan that is none"),
        pytest.param("cluster.json", make_plan(0).to_json(), id="the plan of another directory"),
        pytest.param(".localcluster", '{"of": "somebody else"}', id="a marker that is none"),
    ],
)
def test_a_directory_of_somebody_else_s_is_refused_and_stays(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    (tmp_path / "conf").mkdir()
    with pytest.raises(ClusterError, match="holds files that localcluster did not make") as refused:
        use(tmp_path)
    assert str(refused.value).startswith(f"up: {tmp_path} holds")
    assert str(refused.value).endswith("choose an empty directory with --home")
    assert {path.name for path in tmp_path.iterdir()} == {name, "conf"}
    assert (tmp_path / name).read_text() == text


def test_a_home_without_its_marker_is_known_by_the_plan_that_names_it(tmp_path: Path) -> None:
    plan = json.loads(make_plan(0).to_json()) | {"home": str(tmp_path)}
    (tmp_path / "cluster.json").write_text(json.dumps(plan))
    (tmp_path / "etcd").mkdir()
    use(tmp_path)
    assert homes.is_one(Home(root=tmp_path))


def test_what_somebody_put_into_a_home_outlives_it(tmp_path: Path) -> None:
    use(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "etcd").mkdir()
    homes.remove(Home(root=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_new_file_system_is_empty(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    use(tmp_path)
    homes.remove(Home(root=tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["lost+found"]


@as_root
def test_root_does_not_work_in_a_directory_of_another_user(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    use(theirs)
    os.chown(theirs, 65534, -1)
    with pytest.raises(ClusterError, match="belongs to user nobody: run this as nobody, or choose another"):
        use(theirs)


@as_root
def test_root_takes_an_empty_directory_over(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, -1)
    use(tmp_path)
    assert tmp_path.stat().st_uid == 0
