"""Where one ChessCluster's census comes from: its Secrets, its Redis, and the clock that deadlines are told by."""

import asyncio
import time
from collections.abc import Callable

from chess_operator.api.model import ChessClusterSpec
from chess_operator.census.reader import Endpoint, PresenceError, PresenceReader, Readers
from chess_operator.kube.secrets import SecretError, SecretReader, StoreEndpoints
from chess_operator.report.conditions import Problem
from chess_presence.records import Reading

SECRET_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Pauses between looks at a Secret that is not there."""
LONGEST_SECONDS = 10.0
"""Whatever becomes of a read that is shared with others: nobody waits for it for ever."""
READ_AGAIN_SECONDS = 10.0
"""How often Secrets are read anew while Redis does not answer: its password may have been changed."""


class Unready(Exception):  # noqa: N818 - not an error: a state that has a condition of its own
    """The stores are not known yet: a Secret is missing or bad."""

    def __init__(self, problem: Problem, again_in: float) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.again_in = again_in


class CensusSource:
    """For one ChessCluster."""

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
        self._missing = 0
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
        """Read the Secrets and follow them to their Redis; raises Unready."""
        try:
            stores = await self._secrets.stores(namespace, spec.redis, spec.database)
        except SecretError as error:
            pause = SECRET_SECONDS[min(self._missing, len(SECRET_SECONDS) - 1)]
            self._missing += 1
            raise Unready(Problem(reason=error.reason, message=str(error)), pause) from error
        self._missing = 0
        await self._use(stores.redis, uid)
        return stores

    async def read(self, namespace: str, uid: str) -> Reading | Problem:
        """Read the records, or say why that cannot be done."""
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await self.reader.read(uid)
        except (PresenceError, TimeoutError) as error:
            if self._clock() >= self._read_again_at:
                self._read_again_at = self._clock() + READ_AGAIN_SECONDS
                self._secrets.forget(namespace)
            words = (
                str(error) or f"Redis at {self.reader.endpoint.address}: no answer for {LONGEST_SECONDS:g} s"
            )
            return Problem(reason="RedisUnreachable", message=words)

    def now_ms(self, own_ms: int, reading: Reading | None) -> int:
        """Tell Redis TIME: as read, or by our own clock and the difference last seen."""
        if reading is not None:
            self._ahead_ms = reading.now_ms - own_ms
        return own_ms + self._ahead_ms

    async def close(self) -> None:
        """Let the reader go."""
        if self._joined is not None:
            endpoint, uid, _ = self._joined
            self._joined = None
            await self._readers.leave(endpoint, uid)

    async def _use(self, endpoint: Endpoint, uid: str) -> None:
        if self._joined is not None and self._joined[:2] == (endpoint, uid):
            return
        await self.close()
        self._joined = endpoint, uid, self._readers.join(endpoint, uid, self._wake)
