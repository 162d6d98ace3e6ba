"""The Secrets that a ChessCluster refers to: read by `get` only, checked, kept for a while.

Watching Secrets would mean the right to list them all, so a rotated one is noticed by reading it again.
"""

import base64
import binascii
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from chess_operator.api.resources.kinds import SECRETS
from chess_operator.census.reader import Endpoint, EndpointError
from chess_operator.kube.client import ApiError, Kube, Manifest

KEEP_SECONDS = 60.0
AGAIN_SECONDS = 10.0
"""No Secret is read anew sooner, however many ChessClusters say that it does not work."""
REFUSED = frozenset({401, 403})
POSTGRES_PORT = 5432
REDIS_PORT = 6379


class SecretError(RuntimeError):
    """A Secret that cannot be used. `reason` is for a condition; the message never holds a value."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Ref(Protocol):
    """A key of a Secret in the ChessCluster's namespace."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the class says it
    @property
    def key(self) -> str: ...  # noqa: D102


class Store(Protocol):
    """Redis or PostgreSQL, as the spec refers to it."""

    @property
    def url_secret_ref(self) -> Ref: ...  # noqa: D102
    @property
    def ca_secret_ref(self) -> Ref | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreEndpoints:
    """What the operator needs to know of a cluster's stores."""

    redis: Endpoint
    redis_port: int
    database_port: int


class SecretReader:
    """Reads and keeps. One for the process."""

    def __init__(self, kube: Kube, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kube = kube
        self._clock = clock
        self._kept: dict[tuple[str, str, str], tuple[float, str]] = {}

    async def stores(self, namespace: str, redis: Store, database: Store) -> StoreEndpoints:
        """Read what both stores refer to; raises SecretError for the first that is not there."""
        url = await self.value(namespace, redis.url_secret_ref)
        ca = None if redis.ca_secret_ref is None else await self.value(namespace, redis.ca_secret_ref)
        database_url = await self.value(namespace, database.url_secret_ref)
        if database.ca_secret_ref is not None:
            await self.value(namespace, database.ca_secret_ref)
        where = f"{namespace}/{redis.url_secret_ref.name}, key {redis.url_secret_ref.key}"
        try:
            endpoint = Endpoint(url=url.strip(), ca=ca)
        except EndpointError as error:
            raise SecretError("SecretInvalid", f"Secret {where}: {error}") from None
        return StoreEndpoints(
            redis=endpoint,
            redis_port=urlsplit(endpoint.url).port or REDIS_PORT,
            database_port=_port(database_url, namespace, database.url_secret_ref),
        )

    async def value(self, namespace: str, ref: Ref) -> str:
        """Read one key."""
        address = (namespace, ref.name, ref.key)
        kept = self._kept.get(address)
        if kept is not None and self._clock() - kept[0] < KEEP_SECONDS:
            return kept[1]
        try:
            secret = await self._kube.get(SECRETS, namespace, ref.name)
        except ApiError as error:
            if kept is not None and error.status not in REFUSED:
                return kept[1]  # the API server's trouble is none of the Secret's
            raise SecretError("SecretUnreadable", f"Secret {namespace}/{ref.name}: {error}") from error
        return self._keep(address, _value(secret, *address))

    def forget(self, namespace: str) -> None:
        """Read this namespace's Secrets anew: what was kept did not work."""
        now = self._clock()
        for address, (read_at, value) in self._kept.items():
            if address[0] == namespace and now - read_at >= AGAIN_SECONDS:
                self._kept[address] = (min(read_at, now - KEEP_SECONDS), value)

    def _keep(self, address: tuple[str, str, str], value: str) -> str:
        """Keep it, and let go of what nobody has asked for any more."""
        now = self._clock()
        self._kept = {other: kept for other, kept in self._kept.items() if now - kept[0] < 2 * KEEP_SECONDS}
        self._kept[address] = (now, value)
        return value


def _value(secret: Manifest | None, namespace: str, name: str, key: str) -> str:
    if secret is None:
        raise SecretError("SecretNotFound", f"Secret {namespace}/{name} (for key {key!r}) does not exist")
    data = secret.get("data") or {}
    if key not in data:
        has = ", ".join(sorted(data)) or "none"
        raise SecretError("SecretNotFound", f"Secret {namespace}/{name} has no key {key!r} (it has: {has})")
    try:
        return base64.b64decode(data[key], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise SecretError("SecretInvalid", f"Secret {namespace}/{name}, key {key!r}, is not text") from None


def _port(url: str, namespace: str, ref: Ref) -> int:
    try:
        return urlsplit(url.strip()).port or POSTGRES_PORT
    except ValueError:
        where = f"Secret {namespace}/{ref.name}, key {ref.key!r}"
        raise SecretError(
            "SecretInvalid", f"{where}: the database URL's port must be a number from 0 to 65535"
        ) from None
