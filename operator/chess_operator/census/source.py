"""Which Redis a ChessCluster counts by: its Secrets, the reader that it shares, and the clock of its deadlines."""

import asyncio
import time
from collections.abc import Callable

from chess_operator.api.model import ChessClusterSpec
from chess_operator.census.reader import Endpoint, PresenceError, PresenceReader, Readers
from chess_operator.census.stores import StoreEndpoints, read_stores
from chess_operator.kube.secrets import SecretError, SecretReader
from chess_operator.report.conditions import Problem
from chess_presence.records import Reading

SECRET_PAUSES_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Pauses between reads of a Secret that is missing."""
READ_SECONDS = 10.0
"""Longest wait for a read: it is shared with other ChessClusters, and none may block the others."""
READ_AGAIN_SECONDS = 10.0
"""How often the Secrets are read again while Redis does not answer: its password may have changed."""


class StoresNotReady(Exception):  # noqa: N818 - a state with a condition of its own, not an error
    """The stores are not known yet: a Secret is missing or cannot be used."""

    def __init__(self, problem: Problem, again_in_seconds: float) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.again_in_seconds = again_in_seconds


class CensusSource:
    """Where one ChessCluster's census comes from. `wake` is called whenever the census may have changed."""

    def __init__(
        self,
        readers: Readers,
        secrets: SecretReader,
        wake: Callable[[], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._readers = readers
        self._secrets = secrets
        self._wake = wake
        self._clock = clock
        self._joined: tuple[Endpoint, str, PresenceReader] | None = None
        self._failures = 0
        self._read_again_at = 0.0
        self._ahead_ms = 0

    @property
    def reader(self) -> PresenceReader:
        """The reader of the endpoint in use."""
        if self._joined is None:
            raise RuntimeError("no endpoint is in use yet")
        return self._joined[2]

    @property
    def endpoint(self) -> Endpoint | None:
        """The endpoint in use."""
        return None if self._joined is None else self._joined[0]

    async def stores(self, namespace: str, uid: str, spec: ChessClusterSpec) -> StoreEndpoints:
        """Read the Secrets and use the Redis that they name; raises StoresNotReady."""
        try:
            stores = await read_stores(self._secrets, namespace, spec)
        except SecretError as error:
            pause = SECRET_PAUSES_SECONDS[min(self._failures, len(SECRET_PAUSES_SECONDS) - 1)]
            self._failures += 1
            raise StoresNotReady(Problem(reason=error.reason, message=str(error)), pause) from error
        self._failures = 0
        await self._use(stores.redis, uid)
        return stores

    async def read(self, namespace: str, uid: str) -> Reading | Problem:
        """Read the heartbeat records, or return why they cannot be read."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await self.reader.read(uid)
        except (PresenceError, TimeoutError) as error:
            if self._clock() >= self._read_again_at:
                self._read_again_at = self._clock() + READ_AGAIN_SECONDS
                self._secrets.forget(namespace)
            message = (
                str(error) or f"Redis at {self.reader.endpoint.address}: no answer for {READ_SECONDS:g} s"
            )
            return Problem(reason="RedisUnreachable", message=message)

    def now_ms(self, own_ms: int, reading: Reading | None) -> int:
        """Return Redis TIME: as read, or else our own clock plus the difference last seen."""
        if reading is not None:
            self._ahead_ms = reading.now_ms - own_ms
        return own_ms + self._ahead_ms

    async def close(self) -> None:
        """Leave the reader."""
        if self._joined is not None:
            endpoint, uid, _ = self._joined
            self._joined = None
            await self._readers.leave(endpoint, uid)

    async def _use(self, endpoint: Endpoint, uid: str) -> None:
        if self._joined is not None and self._joined[:2] == (endpoint, uid):
            return
        await self.close()
        self._joined = endpoint, uid, self._readers.join(endpoint, uid, self._wake)
