"""Keeps the background loops alive, and their items apart.

A loop that dies is begun again after a pause; one that hangs is ended first. Each reports its progress. `/livez` fails
when a loop that play cannot do without has made none for a minute, or has died again and again for as long: then only a
new process helps. A store that does not answer is no such case: loops expect it, postpone their work, and go on.
"""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import structlog

from chess_presence.cancelling import end

log = structlog.get_logger(__name__)

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
IDLE_SECONDS = 5.0
ITEM_SECONDS = 15.0
"""Longer than any time limit of a store, like `Patience.hang`: within it, each item ends, well or not."""
MOST_REMEMBERED = 1000

Progress = Callable[[], None]
Loop = Callable[[Progress], Coroutine[Any, Any, None]]
"""Runs until cancelled, and calls its argument at the end of each turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a loop may make no progress until it is ended, and how long it may fail until this process should end.

    A loop that has run for `healthy` since its last death has recovered. Seconds.
    """

    hang: float = 30.0
    dead: float = 60.0
    healthy: float = 30.0


def pause_seconds(deaths: int, share: float) -> float:
    """How long to wait after so many deaths in a row: a `share` (0 to 1, drawn by chance) of a growing pause."""
    longest: float = SHORTEST_PAUSE_SECONDS * 2 ** min(deaths, 16)
    return share * min(longest, LONGEST_PAUSE_SECONDS)


class Condition:
    """How one loop fares. Times are monotonic seconds."""

    def __init__(self, patience: Patience, now: float) -> None:
        self._patience = patience
        self._begun_at = self._progressed_at = now
        self._failing_since: float | None = None
        self._error = ""
        self.deaths = 0

    def begun(self, now: float) -> None:
        """Note that the loop runs, for the first time or again."""
        self._begun_at = now

    def progressed(self, now: float) -> None:
        """Note that a turn has ended."""
        self._progressed_at = now
        if self.deaths and now - self._begun_at >= self._patience.healthy:
            self._failing_since, self._error, self.deaths = None, "", 0

    def died(self, now: float, error: str) -> bool:
        """Note a death; return whether its cause is another one than the last death's."""
        self._failing_since = now if self._failing_since is None else self._failing_since
        self.deaths += 1
        known, self._error = self._error, error
        return error != known

    def hangs_in(self, now: float) -> float:
        """How long until the loop counts as hanging; 0 or less: it does."""
        return max(self._begun_at, self._progressed_at) + self._patience.hang - now

    def dead(self, now: float) -> bool:
        """Whether the loop has failed for so long that only a new process helps."""
        since = self._progressed_at if self._failing_since is None else self._failing_since
        return now - min(since, self._progressed_at) >= self._patience.dead


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    name: str
    run: Loop
    vital: bool
    condition: Condition


class Supervisor:
    """The background loops of this process."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._watched: dict[str, _Watched] = {}
        self._keepers: set[asyncio.Task[None]] = set()
        self.restarts: dict[str, int] = {}
        """How often each loop was begun again."""

    def start(self, name: str, run: Loop, *, vital: bool = False) -> None:
        """Run a loop until it returns, or until `stop`. `vital`: play cannot do without it."""
        condition = Condition(self._patience, monotonic())
        watched = self._watched[name] = _Watched(name=name, run=run, vital=vital, condition=condition)
        self.restarts.setdefault(name, 0)
        keeper = asyncio.get_running_loop().create_task(self._keep(watched))
        self._keepers.add(keeper)
        keeper.add_done_callback(self._keepers.discard)

    def dead(self) -> list[str]:
        """Return the vital loops that do not come back."""
        now = monotonic()
        return [name for name, one in self._watched.items() if one.vital and one.condition.dead(now)]

    async def stop(self) -> None:
        """End all loops."""
        await end(*self._keepers)
        self._watched.clear()

    async def _keep(self, watched: _Watched) -> None:
        while not await self._run(watched):
            self.restarts[watched.name] += 1
            await asyncio.sleep(pause_seconds(watched.condition.deaths, random.random()))  # noqa: S311 - jitter
        self._watched.pop(watched.name, None)

    async def _run(self, watched: _Watched) -> bool:
        """Run a loop until it ends or hangs; return whether it ended well."""
        condition = watched.condition
        condition.begun(monotonic())
        task = asyncio.get_running_loop().create_task(watched.run(lambda: condition.progressed(monotonic())))
        try:
            while not task.done() and condition.hangs_in(monotonic()) > 0:
                await asyncio.wait({task}, timeout=condition.hangs_in(monotonic()))
            fault = _fault(task)
        finally:
            await end(
                task
            )  # a loop that cannot be ended is not begun twice: it makes no progress, and `dead` says so
        if fault is None:
            return True
        if condition.died(monotonic(), f"{type(fault).__name__}: {fault}"):
            log.error("a background loop failed, and is begun again", loop=watched.name, exc_info=fault)
        return False


def _fault(task: "asyncio.Task[None]") -> BaseException | None:
    if not task.done():
        return TimeoutError("it made no progress")
    return asyncio.CancelledError() if task.cancelled() else task.exception()


async def work_for(event: asyncio.Event, seconds: float = IDLE_SECONDS) -> None:
    """Wait for work, but not for longer than a loop may be silent."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(min(seconds, IDLE_SECONDS)):
            await event.wait()


class Guard:
    """Works on many items: one that fails stops no other, and is logged once until it goes well again.

    `postponed`: what an item may raise without being at fault, such as that a store does not answer.
    """

    def __init__(self, what: str, postponed: tuple[type[Exception], ...] = ()) -> None:
        self._what = what
        self._postponed = postponed
        self._failing: dict[str, str] = {}

    async def run(self, item: str, work: Awaitable[object]) -> bool:
        """Do one item's work within a time limit; return whether it went well or is only postponed."""
        try:
            async with asyncio.timeout(ITEM_SECONDS):
                await work
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this item's alone
            self.failed(item, error)
            return isinstance(error, self._postponed)
        self._failing.pop(item, None)
        return True

    async def each(
        self, work: Mapping[str, Callable[[], Awaitable[object]]], *, at_once: int, progress: Progress
    ) -> None:
        """Do the work of all items, of a few at once."""
        rest = iter(work.items())

        async def worker() -> None:
            for item, begin in rest:
                await self.run(item, begin())
                progress()

        await asyncio.gather(*(worker() for _ in range(at_once)))

    def failed(self, item: str, error: Exception) -> None:
        """Log that an item failed or is postponed, unless that is known."""
        if isinstance(error, self._postponed):
            log.debug("postponed", what=self._what, item=item, reason=str(error))
            return
        cause = f"{type(error).__name__}: {error}"
        if self._failing.pop(item, "") != cause:
            log.error("an item failed; its neighbours go on", what=self._what, item=item, exc_info=error)
        self._failing[item] = cause
        while len(self._failing) > MOST_REMEMBERED:
            self._failing.pop(next(iter(self._failing)))
