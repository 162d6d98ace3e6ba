"""Settings: environment variables, each of which a flag overrides.

`TABLE` declares each setting once. An empty variable counts as not set; an empty flag is a value like any other, and an
error where it is not allowed. An error is one line: variable or flag, value, what is allowed.
"""

import os
import re
import socket
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chess_operator.api.resources.names import LEASE_NAME, SYSTEM_NAMESPACE
from chess_operator.kube.access import TOKEN_FILE, Access

NAMESPACE_FILE = TOKEN_FILE.with_name("namespace")
KUBECONFIG = Path("~/.kube/config")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
HIGHEST_PORT = 65535
LONGEST_NAME = 253


class SettingsError(ValueError):
    """A setting cannot be used; the message is for the user."""


def own_namespace() -> str:
    """Return the namespace that this pod runs in, or the usual one."""
    return NAMESPACE_FILE.read_text().strip() if NAMESPACE_FILE.exists() else SYSTEM_NAMESPACE


def own_identity() -> str:
    """Name this process, unlike any other: a restarted container must not inherit a lease."""
    return f"{os.environ.get('POD_NAME') or socket.gethostname()}_{uuid.uuid4().hex[:8]}"


Flags = Mapping[str, str | None]
"""Flag → its value; None if it was not given."""
Parser = Callable[[str, str], Any]
"""(variable or flag, value) → the setting; raises SettingsError."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: where its value comes from and how to read it. The first variable that is set counts."""

    variables: tuple[str, ...]
    flag: str
    default: str | Callable[[], Any]
    """A text to parse, or what makes the value."""
    parse: Parser

    def read(self, environment: Mapping[str, str], flags: Flags) -> Any:
        """Read the value: the flag's, else a variable's, else the default. Raises SettingsError."""
        given = flags.get(self.flag)
        if given is not None:
            return self.parse(self.flag, given)
        for variable in self.variables:
            if value := environment.get(variable, "").strip():
                return self.parse(variable, value)
        return self.parse(self.flag, self.default) if isinstance(self.default, str) else self.default()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of `chess-operator run`, checked."""

    kubeconfig: Path | None
    """None: the pod's own service account."""
    context: str | None
    namespaces: tuple[str, ...]
    """Empty: all of them."""
    lease_namespace: str
    lease_name: str
    probe_address: Address
    service_accounts: frozenset[str]
    """Service accounts that a ChessCluster may name for its pods, beside `default`."""
    log_level: str
    log_format: str
    identity: str = field(default_factory=own_identity)

    @classmethod
    def load(cls, environment: Mapping[str, str], flags: Flags) -> "Settings":
        """Read every setting; raises SettingsError for the first that cannot be used."""
        return cls(**{name: setting.read(environment, flags) for name, setting in TABLE.items()})

    @property
    def access(self) -> Access:
        """How to reach the API server."""
        return Access(kubeconfig=self.kubeconfig, context=self.context)


def _kubeconfig(name: str, value: str) -> Path:
    path = Path(value)
    if not path.is_file():
        raise SettingsError(f"{name}: {value!r} is not an existing file")
    return path


def _own_access() -> Path | None:
    return None if TOKEN_FILE.exists() else _kubeconfig("--kubeconfig", str(KUBECONFIG.expanduser()))


def _context(name: str, value: str) -> str:
    if not value:
        raise SettingsError(f"{name}: {value!r} is not the name of a context of the kubeconfig")
    return value


def _namespace(name: str, value: str) -> str:
    if not LABEL.fullmatch(value):
        raise SettingsError(f"{name}: {value!r} is not a namespace's name (a-z, 0-9 and -, at most 63)")
    return value


def _namespaces(name: str, value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_namespace(name, one) for one in _split(value)))


def _lease_name(name: str, value: str) -> str:
    if not SUBDOMAIN.fullmatch(value) or len(value) > LONGEST_NAME:
        raise SettingsError(
            f"{name}: {value!r} is not a Lease's name (a-z, 0-9, - and ., at most {LONGEST_NAME})"
        )
    return value


def _own_lease_namespace() -> str:
    return _namespace("--lease-namespace", own_namespace())


def _address(name: str, value: str) -> Address:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or int(port) > HIGHEST_PORT:
        raise SettingsError(f"{name}: {value!r} is not HOST:PORT with a port from 0 to {HIGHEST_PORT}")
    return Address(host=host.strip("[]"), port=int(port))


def _service_accounts(name: str, value: str) -> frozenset[str]:
    accounts = frozenset(_split(value))
    for one in sorted(accounts):
        if not SUBDOMAIN.fullmatch(one) or len(one) > LONGEST_NAME:
            raise SettingsError(
                f"{name}: {one!r} is not a service account's name (a-z, 0-9, - and ., at most {LONGEST_NAME})"
            )
    return accounts


def _one_of(*allowed: str) -> Parser:
    def parse(name: str, value: str) -> str:
        if value not in allowed:
            raise SettingsError(f"{name}: {value!r} is not one of {', '.join(allowed)}")
        return value

    return parse


def _split(value: str) -> list[str]:
    """Split a list of names; a list without any gives the value itself, which is not a name."""
    return [one for one in re.split(r"[,\s]+", value) if one] or [value]


LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("json", "console")

TABLE: dict[str, Setting] = {
    "kubeconfig": Setting(
        ("CHESS_OPERATOR_KUBECONFIG", "KUBECONFIG"), "--kubeconfig", _own_access, _kubeconfig
    ),
    "context": Setting(("CHESS_OPERATOR_CONTEXT",), "--context", lambda: None, _context),
    "namespaces": Setting(("CHESS_OPERATOR_NAMESPACES",), "--namespace", tuple, _namespaces),
    "lease_namespace": Setting(
        ("CHESS_OPERATOR_LEASE_NAMESPACE",), "--lease-namespace", _own_lease_namespace, _namespace
    ),
    "lease_name": Setting(("CHESS_OPERATOR_LEASE_NAME",), "--lease-name", LEASE_NAME, _lease_name),
    "probe_address": Setting(
        ("CHESS_OPERATOR_PROBE_ADDRESS",), "--probe-address", "127.0.0.1:8081", _address
    ),
    "service_accounts": Setting(
        ("CHESS_OPERATOR_ALLOW_SERVICE_ACCOUNTS",), "--allow-service-account", frozenset, _service_accounts
    ),
    "log_level": Setting(("CHESS_OPERATOR_LOG_LEVEL",), "--log-level", "info", _one_of(*LEVELS)),
    "log_format": Setting(("CHESS_OPERATOR_LOG_FORMAT",), "--log-format", "json", _one_of(*FORMATS)),
}
"""Field → variables, flag, default, parser."""
