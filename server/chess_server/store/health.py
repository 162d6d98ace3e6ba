"""Whether Redis and PostgreSQL answer, since when not, and Redis TIME.

Redis TIME is the only clock of games. Between probes it is this server's monotonic clock plus an offset; of the latest
probes, the one with the shortest round trip says which.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import inf
from time import monotonic, time
from typing import Any, Protocol, TypeVar

import structlog

from chess_presence.cancelling import shared
from chess_presence.connecting import REDIS_ERRORS
from chess_server.game.outages import Outages
from chess_server.store.classification import from_redis
from chess_server.store.errors import UnavailableError, UnreachableError
from chess_server.supervisor import Progress

log = structlog.get_logger(__name__)

T = TypeVar("T")

PROBE_SECONDS = 1.0
SAMPLES = 30
DRIFT_MS = 50
"""By how much two clocks may drift apart while the samples are kept."""


def _monotonic_ms() -> float:
    return monotonic() * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NodesState:
    """What a probe returns: Redis TIME in milliseconds, and the identity of each node."""

    now_ms: float
    replids: dict[str, str]


class Nodes(Protocol):
    """All nodes that hold keys."""

    def of(self, key: str) -> str:
        """Return the node that holds a key. Raises UnavailableError."""

    async def probe(self) -> NodesState:
        """Probe all nodes. Raises what redis-py raises."""


class RedisTime:
    """Redis TIME, computed from the local monotonic clock."""

    def __init__(self) -> None:
        self._offset = time() * 1000 - _monotonic_ms()
        self._samples: deque[tuple[float, float]] = deque([(inf, self._offset)], SAMPLES)

    def sample(self, redis_ms: float, sent_ms: float, received_ms: float) -> int:
        """Add a probe; return by how many milliseconds Redis' clock was set since the probes before, 0 if it was not.

        A probe is exact to half its round trip. Where two of them cannot both be right, all samples before are dropped.
        """
        trip, offset = received_ms - sent_ms, redis_ms - (sent_ms + received_ms) / 2
        best_trip, best = min(self._samples)
        stepped = abs(offset - best) > (trip + best_trip) / 2 + DRIFT_MS
        if stepped:
            self._samples.clear()
        self._samples.append((trip, offset))
        self._offset = min(self._samples)[1]
        return round(offset - best) if stepped else 0

    def now_ms(self) -> int:
        """Return Redis TIME in milliseconds."""
        return int(_monotonic_ms() + self._offset)


class Health:
    """The state of both stores. Redis is down until a probe succeeds, PostgreSQL until a call does."""

    def __init__(self, nodes: Nodes, clock: RedisTime) -> None:
        self._nodes = nodes
        self._clock = clock
        self._probing: asyncio.Task[None] | None = None
        self._replids: dict[str, str] = {}
        self.outages = Outages()
        self._errors: dict[str, UnavailableError] = {}
        self._failing_since: dict[str, float] = {}
        self.redis_seen_at: float | None = None
        self.failures: dict[str, int] = {"redis": 0, "postgresql": 0}
        self.on_redis_changed: Callable[[], None] = lambda: None
        """Called when a node has a new identity: Redis was restarted or has failed over."""
        self.on_redis_back: Callable[[], None] = lambda: None
        """Called when Redis answers again."""
        self.on_call: Callable[[str, float], None] = lambda _store, _seconds: None
        """Called with a store's name and how many seconds it took to answer a call."""

    @property
    def redis_down(self) -> bool:
        """Whether Redis has failed and not answered since."""
        return bool(self.outages.open) and "redis" in dict(self.outages.open)

    @property
    def now_ms(self) -> int:
        """Redis TIME."""
        return self._clock.now_ms()

    @property
    def reason(self) -> str:
        """Which stores fail and how, in one line; empty if the last call of each succeeded."""
        return "; ".join(str(error) for error in self._errors.values())

    def failing_seconds(self, store: str) -> float:
        """For how long every call to a store has failed; 0 if the last one succeeded."""
        since = self._failing_since.get(store)
        return 0.0 if since is None else monotonic() - since

    def failed(self, began_ms: int, error: UnavailableError) -> None:
        """Note that a call failed; `began_ms` is when it began. What players can cause is no outage."""
        store = error.store
        self.failures[store] += 1
        if type(error) is not type(self._errors.get(store)):
            log.warning("store unavailable", store=store, error=f"{type(error).__name__}: {error.detail}")
        self._errors[store] = error
        self._failing_since.setdefault(store, monotonic())
        if error.stops_clocks:
            self.outages = self.outages.begin(store, began_ms)

    def answered(self, store: str) -> None:
        """Note that a store answers."""
        if self._errors.pop(store, None) is None:
            return
        del self._failing_since[store]
        self.outages = self.outages.end(store, self._clock.now_ms())
        log.info("store available again", store=store)

    async def redis(self, call: Callable[[T], Awaitable[Any]], what: T) -> Any:
        """Call Redis with what it is asked; if it is down, probe first, so that its identity is known.

        Raises UnavailableError.
        """
        if self.redis_down or not self._replids:
            await self.probe()
        began = monotonic()
        try:
            answer = await call(what)
        except REDIS_ERRORS as error:
            began_ms = self._clock.now_ms() - round((monotonic() - began) * 1000)
            raise self._failed_redis(began_ms, error) from error
        self.on_call("redis", monotonic() - began)
        return answer

    @property
    def identities(self) -> str:
        """The identities of all nodes, as the last probe found them."""
        return " ".join(sorted(self._replids.values()))

    def identity(self, key: str) -> str:
        """Return the identity of the node that holds a key: a new one may lack data. Raises UnavailableError."""
        replid = self._replids.get(self._nodes.of(key))
        if replid is None:
            raise UnreachableError("redis", "its nodes have changed, and the new one was not probed yet")
        return replid

    async def probe(self) -> None:
        """Read Redis' time and identity; calls at the same time share one probe. Raises UnavailableError."""
        if self._probing is None or self._probing.done():
            self._probing = shared(asyncio.get_running_loop().create_task(self._probe()))
        await asyncio.shield(self._probing)

    async def keep_probing(self, progress: Progress) -> None:
        """Probe until cancelled."""
        while True:
            progress()
            with contextlib.suppress(UnavailableError):
                await self.probe()
            await asyncio.sleep(PROBE_SECONDS)

    async def _probe(self) -> None:
        began_ms, sent_ms = self._clock.now_ms(), _monotonic_ms()
        try:
            state = await self._nodes.probe()
        except REDIS_ERRORS as error:
            raise self._failed_redis(began_ms, error) from error
        stepped_ms = self._clock.sample(state.now_ms, sent_ms, _monotonic_ms())
        self.redis_seen_at = monotonic()
        if stepped_ms and state.replids == self._replids:
            self._leave_out(stepped_ms)
        self._recognise(state.replids)

    def _leave_out(self, stepped_ms: int) -> None:
        """Charge nobody for a clock that was set forward: the turns that it made longer began before that.

        Where the identity has changed too, it is another host's clock, and games are read back with a new turn.
        """
        log.warning("the clock of Redis' host was set", by_ms=stepped_ms)
        if stepped_ms > 0:
            now_ms = self._clock.now_ms()
            self.outages = self.outages.begin("clock", now_ms - stepped_ms).end("clock", now_ms)

    def _recognise(self, replids: dict[str, str]) -> None:
        was_down, before = self.redis_down, self._replids
        self._replids = replids
        self.answered("redis")
        if before and not set(replids.values()) <= set(before.values()):
            log.warning("redis has a new identity; games are read back from the database")
            self.on_redis_changed()
        if was_down:
            self.on_redis_back()

    def _failed_redis(self, began_ms: int, error: BaseException) -> UnavailableError:
        typed = from_redis(error)
        self.failed(began_ms, typed)
        return typed
