"""The Secrets that a ChessCluster refers to: read one by one with `get`, and kept for a while.

Watching Secrets would need the right to list them all, so the operator notices a rotated one by reading it again.
"""

import base64
import binascii
import time
from collections.abc import Callable
from typing import Protocol

from chess_operator.api.resources.kinds import SECRETS, Manifest
from chess_operator.kube.client import ApiError, Kube

KEEP_SECONDS = 60.0
AGAIN_SECONDS = 10.0
"""Shortest time between two reads of one Secret, however many ChessClusters find that it does not work."""
REFUSED = frozenset({401, 403})


class SecretError(RuntimeError):
    """A Secret cannot be used. `reason` is for a condition; the message never contains a value."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Ref(Protocol):
    """A key of a Secret in the ChessCluster's namespace."""

    @property
    def name(self) -> str: ...  # noqa: D102 - the class docstring covers it
    @property
    def key(self) -> str: ...  # noqa: D102 - the class docstring covers it


class SecretReader:
    """Reads values and keeps them for a while. There is one for the process."""

    def __init__(self, kube: Kube, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kube = kube
        self._clock = clock
        self._kept: dict[tuple[str, str, str], tuple[float, str]] = {}

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
                return kept[1]  # the API server fails, the Secret may be fine
            raise SecretError("SecretUnreadable", f"Secret {namespace}/{ref.name}: {error}") from error
        return self._keep(address, _value(secret, *address))

    def forget(self, namespace: str) -> None:
        """Read this namespace's Secrets again at the next request: the kept values did not work."""
        now = self._clock()
        for address, (read_at, value) in self._kept.items():
            if address[0] == namespace and now - read_at >= AGAIN_SECONDS:
                self._kept[address] = (min(read_at, now - KEEP_SECONDS), value)

    def _keep(self, address: tuple[str, str, str], value: str) -> str:
        """Keep a value, and drop those that nobody asks for any more."""
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
