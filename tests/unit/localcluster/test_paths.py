"""Where homes and caches are, for users and machines of any kind."""

import os
import pwd
from pathlib import Path

import pytest

from chess_localcluster.errors import ClusterError
from chess_localcluster.paths import Cache, Home


def test_a_home_behind_a_link_is_the_directory_itself(tmp_path: Path) -> None:
    """The kernel shows its mounts and its processes' output by that name, and `down` looks for them."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert Home.at(tmp_path / "link" / "home").root == tmp_path / "real" / "home"


def test_a_user_without_a_home_directory_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(uid: int) -> pwd.struct_passwd:
        raise KeyError(uid)

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(ClusterError, match=r"this user has no home directory; set \$HOME"):
        Cache.of_user()


def test_without_home_the_cache_is_in_the_user_s_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert Cache.of_user().root == Path(pwd.getpwuid(os.geteuid()).pw_dir, ".cache/chesscluster")
