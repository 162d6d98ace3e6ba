"""A store's URL is read anew each time, and what cannot be used changes nothing."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chess_server.store.postgres.sessions import database_url
from chess_server.store.redis.credentials import FileCredentials
from chess_server.store.url_file import UrlFile

DATABASE, ROTATED = "postgresql://chess:old@db/chess", "postgresql://chess:new@db/chess"


@pytest.mark.parametrize("broken", [b"", b"\n", b"postgresql:/", b"\xff\xfe://"])
def test_while_the_file_is_being_replaced_the_last_url_counts(tmp_path: Path, broken: bytes) -> None:
    file = tmp_path / "url"
    url = UrlFile(str(file), DATABASE, database_url)
    with capture_logs() as logs:
        assert url() == DATABASE, "there is no file yet"
        file.write_text(f"{ROTATED}\n")
        assert url() == ROTATED
        file.write_bytes(broken)
        assert url() == ROTATED
        file.write_text(DATABASE)
        assert url() == DATABASE
    assert [entry["event"] for entry in logs] == ["a file with a URL cannot be used"] * 2
    assert "new" not in str(logs), "no password is logged"


def test_redis_takes_user_and_password_from_the_file_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("redis://:first@redis/0")
    credentials = FileCredentials("redis://:first@redis/0", str(file))
    assert credentials.get_credentials() == ("first",)
    file.write_text("redis://user:second@redis/0")
    assert credentials.get_credentials() == ("user", "second")
    file.write_text("redis://user:third@redis/0?nonsense=1")
    with capture_logs():
        assert credentials.get_credentials() == ("user", "second")


def test_without_a_file_the_url_never_changes() -> None:
    assert UrlFile(None, DATABASE, database_url)() == DATABASE
    assert FileCredentials("redis://redis/0", None).get_credentials() == ()
