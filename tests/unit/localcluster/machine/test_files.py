"""Files written whole, and never through what somebody else has put in their way."""

import errno
import os
from pathlib import Path

import pytest

from chess_localcluster.machine import files


def test_a_text_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    assert files.write(tmp_path / "a" / "b", "text") is True
    assert files.write(tmp_path / "a" / "b", "text") is False
    assert files.write(tmp_path / "a" / "b", "other", 0o640) is True
    assert (tmp_path / "a" / "b").read_text() == "other"
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


@pytest.mark.parametrize("planted", [".redis.conf.draft", "redis.conf"])
@pytest.mark.parametrize("text", ["password", "precious"], ids=["another text", "the same text"])
def test_a_planted_link_is_replaced_and_not_followed(tmp_path: Path, planted: str, text: str) -> None:
    precious, directory = tmp_path / "precious", tmp_path / "stores"
    precious.write_text("precious")
    directory.mkdir()
    (directory / planted).symlink_to(precious)
    files.write(directory / "redis.conf", text)
    assert precious.read_text() == "precious"
    assert not (directory / "redis.conf").is_symlink()
    assert (directory / "redis.conf").read_text() == text


def test_a_draft_is_never_a_file_that_was_there(tmp_path: Path) -> None:
    """A hard link to another's file would be written through as well."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    os.link(precious, tmp_path / ".a.draft")
    files.write(tmp_path / "a", "text")
    assert precious.read_text() == "precious"


def test_a_disk_that_is_full_is_said_with_the_file_and_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(OSError, match="No space left on device") as refused:
        files.write(tmp_path / "etcd.json", "text")
    assert refused.value.filename == str(tmp_path / "etcd.json")
    assert list(tmp_path.iterdir()) == []
