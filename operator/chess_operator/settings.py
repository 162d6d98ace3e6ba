"""What the operator can be told, by flag or by `CHESS_OPERATOR_*` variable."""

import os
import re
import socket
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from chess_operator.api.resources.names import SYSTEM_NAMESPACE
from chess_operator.kube.access import TOKEN_FILE, Access

NAMESPACE_FILE = TOKEN_FILE.with_name("namespace")
LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class SettingsError(ValueError):
    """A setting that cannot be; the message names it, its value and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, *, name: str) -> "Address":
        """Read HOST:PORT; raises SettingsError."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004 - the highest port
            raise SettingsError(f"{name}: {text!r} is not HOST:PORT with a port from 0 to 65535")
        return cls(host=host.strip("[]"), port=int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything, checked."""

    access: Access
    namespaces: tuple[str, ...] = ()
    """Empty: all of them."""
    lease_namespace: str = SYSTEM_NAMESPACE
    probe: Address = field(default_factory=lambda: Address(host="127.0.0.1", port=8081))
    service_accounts: frozenset[str] = frozenset()
    """Service accounts that a ChessCluster may name for its pods, beside `default`."""
    identity: str = ""


def access_of(kubeconfig: Path | None, context: str | None) -> Access:
    """Find the way to the API server: the flag, else the pod's service account, else ~/.kube/config."""
    if kubeconfig is None and not TOKEN_FILE.exists():
        kubeconfig = Path("~/.kube/config").expanduser()
    if kubeconfig is not None and not kubeconfig.is_file():
        raise SettingsError(f"--kubeconfig: there is no file {kubeconfig}")
    return Access(kubeconfig=kubeconfig, context=context)


def namespaces_of(names: list[str]) -> tuple[str, ...]:
    """Check namespace names; commas separate them in a variable."""
    split = [name for text in names for name in re.split(r"[,\s]+", text) if name]
    for name in split:
        _check_name("--namespace", name)
    return tuple(dict.fromkeys(split))


def lease_namespace_of(name: str | None) -> str:
    """Check the namespace of the Lease; without one it is the pod's own."""
    chosen = name or own_namespace()
    _check_name("--lease-namespace", chosen)
    return chosen


def service_accounts_of(names: list[str]) -> frozenset[str]:
    """Check names of service accounts; commas separate them in a variable."""
    split = [name for text in names for name in re.split(r"[,\s]+", text) if name]
    for name in split:
        if not SUBDOMAIN.fullmatch(name) or len(name) > 253:  # noqa: PLR2004 - stands in the message
            raise SettingsError(
                f"--allow-service-account: {name!r} is not a service account's name (a-z, 0-9, - and ., at most 253)"
            )
    return frozenset(split)


def _check_name(flag: str, name: str) -> None:
    if not LABEL.fullmatch(name):
        raise SettingsError(f"{flag}: {name!r} is not a namespace's name (a-z, 0-9 and -, at most 63)")


def own_namespace() -> str:
    """Name the namespace that this pod runs in, or the usual one."""
    return NAMESPACE_FILE.read_text().strip() if NAMESPACE_FILE.exists() else SYSTEM_NAMESPACE


def own_identity() -> str:
    """Name this process, unlike any other: a restarted container must not inherit a lease."""
    return f"{os.environ.get('POD_NAME') or socket.gethostname()}_{uuid.uuid4().hex[:8]}"
