"""Settings: environment variables, some of which a flag overrides. Secrets come from files only.

`TABLE` declares each setting once. An empty variable counts as not set; an empty flag is a value like any other, and an
error where it is not allowed. An error is one line: variable or flag, value, what is allowed.
"""

import ipaddress
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from chess_server.clients.origins import ANY, normal
from chess_server.clients.rate_limit import Rate
from chess_server.wire.tokens import KeysError, parse_keys


class SettingsError(ValueError):
    """A setting cannot be used; the message is for the user."""


class FileUrl(str):
    """A URL, and the file that holds it: it may hold another password later."""

    __slots__ = ("path",)
    path: str

    def __new__(cls, url: str, path: str) -> Self:
        """Return the URL as a string that knows its file."""
        made = super().__new__(cls, url)
        made.path = path
        return made


Flags = Mapping[str, str | None]
"""Flag (`--port`) → its value; None if it was not given."""

Parser = Callable[[str, str], Any]
"""(variable or flag, value) → the setting; raises SettingsError."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: the variable, its default, its parser, and the flag that overrides it."""

    variable: str
    default: str
    parse: Parser
    flag: str = ""

    def read(self, environment: Mapping[str, str], flags: Flags) -> Any:
        """Read the value: the flag's, else the variable's, else the default. Raises SettingsError."""
        given = flags.get(self.flag)
        if given is not None:
            return self.parse(self.flag, given)
        return self.parse(self.variable, environment.get(self.variable, "").strip() or self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of `chess-server serve`."""

    cluster_uid: str
    pod_name: str
    pod_uid: str
    pod_ip: str
    revision: str
    listen: str
    port: int
    admin_port: int
    transport: str
    redis_url: FileUrl = field(repr=False)
    redis_ca: str | None
    database_url: FileUrl = field(repr=False)
    database_ca: str | None
    token_keys_file: str | None
    database_pool: int
    retention_days: int
    migrate: str
    max_connections: int
    drain_deadline_seconds: float
    reconnect_window_seconds: float
    store_grace_seconds: float
    no_start_seconds: float
    abandon_seconds: float | None
    ping_seconds: float
    idle_seconds: float
    address_connections: int
    trusted_hops: int
    address_header: str
    allowed_origins: frozenset[str]
    join_rate: Rate
    address_join_rate: Rate
    first_message_seconds: float
    shed_lag_ms: int
    play_rate: Rate
    watch_rate: Rate
    lobby_rate: Rate
    log_level: str

    @classmethod
    def load(cls, environment: Mapping[str, str], flags: Flags) -> "Settings":
        """Read every setting; raises SettingsError for the first that cannot be used."""
        values = {name: setting.read(environment, flags) for name, setting in TABLE.items()}
        _check_authority(values["database_url"], values["database_ca"], environment)
        values["pod_uid"] = values["pod_uid"] or f"local-{secrets.token_hex(6)}"
        values["pod_name"] = values["pod_name"] or values["pod_uid"]
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """The settings of `chess-server migrate`."""

    database_url: str = field(repr=False)
    database_ca: str | None

    @classmethod
    def load(cls, environment: Mapping[str, str], flags: Flags) -> "DatabaseSettings":
        """Read these settings as `Settings.load` does."""
        url, ca_file = (TABLE[name].read(environment, flags) for name in ("database_url", "database_ca"))
        _check_authority(url, ca_file, environment)
        return cls(database_url=url, database_ca=ca_file)


HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
LIBPQ_AUTHORITY = Path("~/.postgresql/root.crt")


def _text(_name: str, value: str) -> str:
    return value


def _address(name: str, value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if value != "localhost":
            raise SettingsError(f"{name} is {value!r}; allowed: an IP address, or localhost") from None
    return value


def _number(low: float, high: float) -> Parser:
    def parse(name: str, value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise SettingsError(f"{name} is {value!r}; allowed: a number from {low:g} to {high:g}")
        return number

    return parse


def _optional(parse: Parser) -> Parser:
    return lambda name, value: parse(name, value) if value or name.startswith("--") else None


def _whole(low: int, high: int) -> Parser:
    def parse(name: str, value: str) -> int:
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            raise SettingsError(f"{name} is {value!r}; allowed: a whole number from {low} to {high}")
        return int(value)

    return parse


def _one_of(*allowed: str) -> Parser:
    def parse(name: str, value: str) -> str:
        if value not in allowed:
            raise SettingsError(f"{name} is {value!r}; allowed: {', '.join(allowed)}")
        return value

    return parse


def _rate(name: str, value: str) -> Rate:
    messages, _, seconds = value.partition("/")
    try:
        rate = Rate(int(messages), float(seconds))
    except ValueError:
        rate = Rate(0, 0)
    if not (rate.messages > 0 and rate.seconds > 0):
        raise SettingsError(f"{name} is {value!r}; allowed: messages/seconds, like 100/20")
    return rate


def _header(name: str, value: str) -> str:
    if value and not HEADER.fullmatch(value):
        raise SettingsError(f"{name} is {value!r}; allowed: the name of a header")
    return value


def _origins(name: str, value: str) -> frozenset[str]:
    given = value.replace(",", " ").split()
    wrong = [one for one in given if one != ANY and normal(one) is None]
    if wrong:
        raise SettingsError(
            f"{name} is {value!r}; allowed: origins like https://chess.example, divided by commas; or *"
        )
    return frozenset(one if one == ANY else normal(one) or "" for one in given)


def _secret(*schemes: str) -> Parser:
    def parse(name: str, value: str) -> str:
        if not value:
            found = repr(value) if name.startswith("--") else "not set"
            raise SettingsError(
                f"{name} is {found}; allowed: a file that holds a URL like {schemes[0]}host:port"
            )
        url = _read(name, value)
        if not url.startswith(schemes):
            raise SettingsError(f"{name}: {value} does not hold a URL; allowed: {' or '.join(schemes)}…")
        return FileUrl(url, value)

    return parse


def _existing(name: str, value: str) -> str | None:
    if value:
        _read(name, value)
    return value or None


def _token_keys(name: str, value: str) -> str | None:
    if value:
        try:
            parse_keys(_read(name, value))
        except KeysError as error:
            raise SettingsError(f"{name} is {value!r}; {error}") from None
    return value or None


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise SettingsError(f"{name} is {path!r}; cannot be read: {reason}") from None


TABLE: dict[str, Setting] = {
    "cluster_uid": Setting("CHESS_CLUSTER_UID", "local", _text),
    "pod_name": Setting("CHESS_POD_NAME", "", _text),
    "pod_uid": Setting("CHESS_POD_UID", "", _text),
    "pod_ip": Setting("CHESS_POD_IP", "", _text),
    "revision": Setting("CHESS_REVISION", "", _text),
    "listen": Setting("CHESS_LISTEN", "127.0.0.1", _address, "--listen"),
    "port": Setting("CHESS_PORT", "8080", _whole(0, 65535), "--port"),
    "admin_port": Setting("CHESS_ADMIN_PORT", "9090", _whole(0, 65535), "--admin-port"),
    "transport": Setting("CHESS_TRANSPORT", "picows", _one_of("picows", "websockets"), "--transport"),
    "redis_url": Setting("CHESS_REDIS_URL_FILE", "", _secret("redis://", "rediss://"), "--redis-url-file"),
    "redis_ca": Setting("CHESS_REDIS_CA_FILE", "", _existing),
    "database_url": Setting(
        "CHESS_DATABASE_URL_FILE", "", _secret("postgresql://", "postgres://"), "--database-url-file"
    ),
    "database_ca": Setting("CHESS_DATABASE_CA_FILE", "", _existing),
    "token_keys_file": Setting("CHESS_TOKEN_KEYS_FILE", "", _token_keys),
    "database_pool": Setting("CHESS_DATABASE_POOL", "4", _whole(2, 100)),
    "retention_days": Setting("CHESS_RETENTION_DAYS", "0", _whole(0, 36_500)),
    "migrate": Setting("CHESS_MIGRATE", "auto", _one_of("auto", "off"), "--migrate"),
    "max_connections": Setting("CHESS_MAX_CONNECTIONS", "3000", _whole(1, 1_000_000), "--max-connections"),
    "drain_deadline_seconds": Setting("CHESS_DRAIN_DEADLINE_SECONDS", "1800", _number(0, 86400)),
    "reconnect_window_seconds": Setting("CHESS_RECONNECT_WINDOW_SECONDS", "30", _number(0, 3600)),
    "store_grace_seconds": Setting("CHESS_STORE_GRACE_SECONDS", "60", _number(0, 3600)),
    "no_start_seconds": Setting("CHESS_NO_START_SECONDS", "60", _number(0.1, 86400)),
    "abandon_seconds": Setting("CHESS_ABANDON_SECONDS", "", _optional(_number(0.1, 86400))),
    "ping_seconds": Setting("CHESS_PING_SECONDS", "20", _number(0.1, 300)),
    "idle_seconds": Setting("CHESS_IDLE_SECONDS", "60", _number(0.2, 3600)),
    "address_connections": Setting("CHESS_ADDRESS_CONNECTIONS", "1000", _whole(1, 1_000_000)),
    "trusted_hops": Setting("CHESS_TRUSTED_HOPS", "0", _whole(0, 9)),
    "address_header": Setting("CHESS_ADDRESS_HEADER", "", _header),
    "allowed_origins": Setting("CHESS_ALLOWED_ORIGINS", "", _origins),
    "join_rate": Setting("CHESS_JOIN_RATE", "3000/3", _rate),
    "address_join_rate": Setting("CHESS_ADDRESS_JOIN_RATE", "500/10", _rate),
    "first_message_seconds": Setting("CHESS_FIRST_MESSAGE_SECONDS", "120", _number(1, 86400)),
    "shed_lag_ms": Setting("CHESS_SHED_LAG_MS", "250", _whole(0, 60_000)),
    "play_rate": Setting("CHESS_PLAY_RATE", "100/20", _rate),
    "watch_rate": Setting("CHESS_WATCH_RATE", "50/20", _rate),
    "lobby_rate": Setting("CHESS_LOBBY_RATE", "30/30", _rate),
    "log_level": Setting(
        "CHESS_LOG_LEVEL", "info", _one_of("debug", "info", "warning", "error"), "--log-level"
    ),
}
"""Field of `Settings` → variable, default, parser, flag."""


def _check_authority(url: str, ca_file: str | None, environment: Mapping[str, str]) -> None:
    """Refuse `sslmode=verify-…` without an authority: libpq would fail at each connection, again and again."""
    asked = dict(parse_qsl(urlsplit(url).query))
    mode = asked.get("sslmode", "")
    given = ca_file or asked.get("sslrootcert") or environment.get("PGSSLROOTCERT")
    if mode.startswith("verify-") and not given and not LIBPQ_AUTHORITY.expanduser().exists():
        raise SettingsError(
            f"CHESS_DATABASE_CA_FILE is not set; sslmode={mode} in CHESS_DATABASE_URL_FILE needs an authority"
        )
