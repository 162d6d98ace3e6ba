"""Settings from variables and flags; an error is one line."""

from dataclasses import fields, replace
from pathlib import Path

import pytest

from chess_server.clients.rate_limit import Rate
from chess_server.settings import TABLE, DatabaseSettings, Settings, SettingsError


@pytest.fixture
def minimal(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "redis").write_text("rediss://user:secret@cache:6380/0\n")
    (tmp_path / "database").write_text("postgresql://user:secret@database/chess\n")
    return {
        "CHESS_REDIS_URL_FILE": str(tmp_path / "redis"),
        "CHESS_DATABASE_URL_FILE": str(tmp_path / "database"),
    }


def test_defaults_are_safe(minimal: dict[str, str]) -> None:
    settings = Settings.load(minimal, {})
    assert (settings.listen, settings.port, settings.admin_port) == ("127.0.0.1", 8080, 9090)
    assert (settings.transport, settings.migrate, settings.play_rate) == ("picows", "auto", Rate(100, 20))
    assert settings.redis_url == "rediss://user:secret@cache:6380/0"
    assert settings.pod_uid.startswith("local-")


def test_flags_override_variables(minimal: dict[str, str]) -> None:
    assert Settings.load({**minimal, "CHESS_PORT": "1"}, {"--port": "2", "--listen": None}).port == 2


def test_a_wrong_flag_is_named_by_its_own_name(minimal: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="--port is 'http'; allowed: a whole number from 0 to 65535"):
        Settings.load(minimal, {"--port": "http"})


@pytest.mark.parametrize("flag", [setting.flag for setting in TABLE.values() if setting.flag])
def test_an_empty_flag_is_refused_in_one_line_by_its_name(minimal: dict[str, str], flag: str) -> None:
    with pytest.raises(SettingsError, match=f"^{flag} is ''; allowed: .+") as refused:
        Settings.load(minimal, {flag: ""})
    assert "\n" not in str(refused.value)


def test_an_empty_variable_counts_as_not_set(minimal: dict[str, str]) -> None:
    settings = Settings.load({**dict.fromkeys((s.variable for s in TABLE.values()), " "), **minimal}, {})
    assert replace(settings, pod_uid="", pod_name="") == replace(
        Settings.load(minimal, {}), pod_uid="", pod_name=""
    )


def test_every_field_has_one_setting() -> None:
    assert list(TABLE) == [field.name for field in fields(Settings)]


def test_migrating_needs_the_database_alone(minimal: dict[str, str]) -> None:
    del minimal["CHESS_REDIS_URL_FILE"]
    assert DatabaseSettings.load(minimal, {}).database_url == "postgresql://user:secret@database/chess"


@pytest.mark.parametrize(
    "name, value, says",
    [
        (
            "CHESS_LISTEN",
            "not-an-address",
            "CHESS_LISTEN is 'not-an-address'; allowed: an IP address, or localhost",
        ),
        ("CHESS_PORT", "http", "CHESS_PORT is 'http'; allowed: a whole number from 0 to 65535"),
        ("CHESS_PORT", "70000", "CHESS_PORT is '70000'"),
        ("CHESS_TRANSPORT", "carrier-pigeon", "allowed: picows, websockets"),
        (
            "CHESS_ABANDON_SECONDS",
            "nan",
            "CHESS_ABANDON_SECONDS is 'nan'; allowed: a number from 0.1 to 86400",
        ),
        ("CHESS_TRUSTED_HOPS", "-1", "CHESS_TRUSTED_HOPS is '-1'; allowed: a whole number from 0 to 9"),
        ("CHESS_ADDRESS_HEADER", "X Y", "CHESS_ADDRESS_HEADER is 'X Y'; allowed: the name of a header"),
        (
            "CHESS_ALLOWED_ORIGINS",
            "https://a, b",
            "CHESS_ALLOWED_ORIGINS is 'https://a, b'; allowed: origins like https://chess.example",
        ),
        ("CHESS_PLAY_RATE", "100", "CHESS_PLAY_RATE is '100'; allowed: messages/seconds"),
        (
            "CHESS_REDIS_URL_FILE",
            "/nowhere",
            "CHESS_REDIS_URL_FILE is '/nowhere'; cannot be read: No such file",
        ),
        ("CHESS_REDIS_CA_FILE", "/nowhere", "CHESS_REDIS_CA_FILE is '/nowhere'; cannot be read"),
        ("CHESS_DATABASE_URL_FILE", "/dev/null", "does not hold a URL; allowed: postgresql://"),
        ("CHESS_DATABASE_URL_FILE", "", "CHESS_DATABASE_URL_FILE is not set"),
    ],
)
def test_what_is_wrong_is_named(minimal: dict[str, str], name: str, value: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load({**minimal, name: value}, {})
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
def test_verifying_needs_an_authority(
    minimal: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    url = Path(minimal["CHESS_DATABASE_URL_FILE"])
    url.write_text(f"{url.read_text().strip()}?sslmode={mode}")
    with pytest.raises(SettingsError) as refused:
        Settings.load(minimal, {})
    assert str(refused.value).startswith(
        f"CHESS_DATABASE_CA_FILE is not set; sslmode={mode} in CHESS_DATABASE"
    )
    assert Settings.load({**minimal, "CHESS_DATABASE_CA_FILE": "/dev/null"}, {}).database_ca == "/dev/null"
    url.write_text(f"{url.read_text()}&sslrootcert=system")
    assert Settings.load(minimal, {}).database_ca is None


def test_the_repr_of_settings_shows_no_secret(minimal: dict[str, str]) -> None:
    settings = Settings.load(minimal, {})
    assert isinstance(settings, Settings)
    assert "secret" not in repr(settings)


def test_origins_are_divided_by_commas_or_blanks_and_written_as_browsers_do(minimal: dict[str, str]) -> None:
    given = {**minimal, "CHESS_ALLOWED_ORIGINS": "https://Chess.Example:443, http://localhost:3000 *"}
    found = Settings.load(given, {}).allowed_origins
    assert found == {"https://chess.example", "http://localhost:3000", "*"}


def test_keys_of_tokens_are_a_file_of_keys_that_no_error_shows(
    minimal: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text("k" * 43)
    given = {**minimal, "CHESS_TOKEN_KEYS_FILE": str(file)}
    assert Settings.load(given, {}).token_keys_file == str(file)
    assert Settings.load(minimal, {}).token_keys_file is None
    for content in (b"too-short", b"a key with blanks that is long enough", b"\xff" * 40):
        file.write_bytes(content)
        with pytest.raises(SettingsError, match=r"^CHESS_TOKEN_KEYS_FILE is '.*'; .+") as refused:
            Settings.load(given, {})
        assert content.decode(errors="replace") not in str(refused.value)
        assert "\n" not in str(refused.value)
