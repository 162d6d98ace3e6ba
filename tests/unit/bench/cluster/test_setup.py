"""The local cluster ends with a run only if that run has begun it: the record decides, not whether it answers."""

import os
from pathlib import Path

import pytest

from chess_bench.cluster import setup, targets, turn
from chess_bench.cluster.targets import TargetError
from chess_bench.console.screen import Screen
from chess_bench.console.stages import Stages


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a cluster; HOME and cache are others' than those of whoever began a cluster in it."""
    monkeypatch.setenv("LOCALCLUSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    monkeypatch.setattr(turn, "LOCK", tmp_path / "lock")
    return tmp_path / "home"


@pytest.fixture
def commands(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take the place of `localcluster`: `up` makes the home."""
    given = list[str]()

    async def localcluster(*arguments: str) -> None:
        given.append(arguments[0])
        if arguments[0] == "up":
            for name in ("redis.url", "database.url", "redis.host.url", "database.host.url"):
                (home / "stores").mkdir(parents=True, exist_ok=True)
                (home / "stores" / name).write_text("redis://h")

    monkeypatch.setattr(targets, "localcluster", localcluster)
    return given


async def use(*, keep: bool = False, fails: bool = False) -> Stages:
    stages = Stages(Screen())
    async with setup.cluster(stages, None, keep=keep):
        if fails:
            raise TargetError("the run failed")
    return stages


async def test_what_a_run_has_begun_it_ends(commands: list[str]) -> None:
    assert (await use()).left == []
    assert commands == ["up", "down"]


async def test_what_a_run_has_begun_it_ends_when_it_fails(commands: list[str]) -> None:
    with pytest.raises(TargetError):
        await use(fails=True)
    assert commands == ["up", "down"]


async def test_what_is_to_be_kept_stays(commands: list[str]) -> None:
    assert (await use(keep=True)).left == [setup.LOCAL]
    assert commands == ["up"]


@pytest.mark.parametrize("file", ["cluster.json", "kubeconfig", ".localcluster", "etcd/member"])
@pytest.mark.parametrize("fails", [False, True])
async def test_a_cluster_that_was_there_stays_whatever_its_state(
    home: Path, commands: list[str], file: str, *, fails: bool
) -> None:
    (home / file).parent.mkdir(parents=True)
    (home / file).write_text("")
    try:
        await use(fails=fails)
    except TargetError:
        assert fails
    assert commands == ["up"]


async def test_an_up_that_failed_is_not_undone_and_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, stages = list[str](), Stages(Screen())

    async def localcluster(*arguments: str) -> None:
        given.append(arguments[0])
        raise TargetError("localcluster up ended with exit code 1; see above")

    monkeypatch.setattr(targets, "localcluster", localcluster)
    with pytest.raises(TargetError):
        async with setup.cluster(stages, None, keep=False):
            raise AssertionError("nothing runs on a cluster that is not up")
    assert given == ["up"]
    assert stages.left == [setup.LOCAL]


def test_a_home_that_cannot_be_read_is_somebody_elses(home: Path) -> None:
    home.write_text("a file where a directory should be")
    assert targets.local_is_recorded()


async def test_one_run_at_a_time_uses_the_local_cluster(commands: list[str]) -> None:
    """The second would clear the namespace of the first, and lose the cluster when that one ends."""
    async with setup.cluster(Stages(Screen()), None, keep=False):
        with pytest.raises(TargetError, match=rf"another run uses the local cluster \(pid {os.getpid()}\)"):
            await use()
        assert commands == ["up"]
    await use()
    assert commands == ["up", "down", "up"]  # this one found the home there


async def test_a_lock_that_cannot_be_made_is_one_line(tmp_path: Path, commands: list[str]) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(TargetError, match=r"lock: cannot be used: .*; the local cluster needs root"):
        await use()
    assert commands == []


async def test_a_file_of_a_url_that_is_no_text_is_one_line(home: Path, commands: list[str]) -> None:
    async with setup.cluster(Stages(Screen()), None, keep=True):
        (home / "stores" / "redis.url").write_bytes(b"\xff\xfe")
    with pytest.raises(TargetError, match=r"redis\.url: does not hold a URL"):
        targets.local_target()
    assert commands == ["up"]
