"""The keys of tokens are read again while the server runs; a file that cannot be used changes nothing."""

from pathlib import Path

import pytest

from chess_server.pod.token_keys import LOOK_SECONDS, KeyFile
from chess_server.wire.tokens import KeysError, Tokens

OLD, NEW = "o" * 43, "n" * 43


class Keys:
    """A key file, and the clock of who reads it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = 1000.0
        self.write(OLD)
        self.looks: list[bool] = []
        self.file = KeyFile(str(path), "cluster", self.looks.append, lambda: self.now)

    def write(self, *keys: str) -> None:
        self.path.write_text("\n".join(keys))

    def two_looks(self) -> None:
        """Let time pass until the file has been looked at twice."""
        for _ in range(2):
            self.now += LOOK_SECONDS
            self.file()

    def takes(self, key: str) -> bool:
        token = Tokens([key.encode()], "cluster").of("abcdefgh", "white")
        return self.file().color(token, "abcdefgh") == "white"

    def signs(self, key: str) -> bool:
        return (
            Tokens([key.encode()], "cluster").color(self.file().of("abcdefgh", "white"), "abcdefgh")
            == "white"
        )


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys")


def test_a_rotation_is_noticed_after_some_seconds_and_not_before(keys: Keys) -> None:
    assert keys.signs(OLD)
    keys.write(OLD, NEW)
    keys.now += LOOK_SECONDS - 0.1
    assert not keys.takes(NEW)
    keys.two_looks()
    assert keys.takes(NEW)
    assert keys.signs(OLD)
    keys.write(NEW, OLD)
    keys.two_looks()
    assert keys.signs(NEW)
    assert keys.takes(OLD)
    keys.write(NEW)
    keys.two_looks()
    assert not keys.takes(OLD)


def test_a_file_that_is_caught_half_written_changes_nothing(keys: Keys) -> None:
    keys.write(NEW[:33])
    keys.now += LOOK_SECONDS
    assert keys.signs(OLD)
    keys.write(OLD, NEW)
    keys.now += LOOK_SECONDS
    assert keys.signs(OLD)
    assert not keys.takes(NEW[:33])
    keys.now += LOOK_SECONDS
    assert keys.takes(NEW)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40, None])
def test_a_file_that_cannot_be_used_changes_nothing(keys: Keys, content: bytes | None) -> None:
    keys.path.unlink() if content is None else keys.path.write_bytes(content)
    keys.two_looks()
    assert keys.signs(OLD)
    assert keys.looks == [False, False]
    keys.write(OLD)
    keys.two_looks()
    assert keys.looks == [False, False, True, True]


def test_a_server_does_not_start_on_a_file_without_keys(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("short")
    with pytest.raises(KeysError):
        KeyFile(str(tmp_path / "keys"), "cluster")
