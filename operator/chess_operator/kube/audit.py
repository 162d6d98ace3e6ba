"""Compares the mirror with the API server. Watches have died silently before (kopf#980, kopf#1276).

Every 30 seconds each kind is listed, in parts. The mirror takes in what it lacks and forgets what is gone: a watch that
starts again (410 Gone, a restarted API server) lists what exists, but never what was deleted in between. If a kind lags
twice in a row the process is not alive any more: only a restart gives it a new watch.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import CLUSTERS, Kind, Manifest
from chess_operator.kube.client import ApiError, Kube
from chess_operator.kube.mirror import Mirror, version

PERIOD_SECONDS = 30.0
GRACE_SECONDS = 3.0
STRIKES = 2
log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Listing:
    """What exists of a kind, reduced to what the comparison needs: thousands of pods are not kept in memory."""

    namespace: str | None
    uids: set[str] = field(default_factory=set)
    new: list[Manifest] = field(default_factory=list)
    """Objects that the mirror lacked."""
    version: int = 0


class Audit:
    """Compares, corrects the mirror, and remembers which kinds lagged."""

    def __init__(self, kube: Kube, mirror: Mirror, kinds: Sequence[Kind], namespaces: Sequence[str]) -> None:
        self._kube = kube
        self._mirror = mirror
        self._kinds = kinds
        self._namespaces: Sequence[str | None] = namespaces or [None]
        self._strikes: Counter[Kind] = Counter()
        self.ran_at = time.monotonic()

    async def run(self) -> None:
        """Audit every kind again and again."""
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            for kind in self._kinds:
                await self._try(kind)
            self.ran_at = time.monotonic()

    def problem(self) -> str | None:
        """Name the watches that seem dead, if any."""
        dead = sorted(kind.plural for kind, strikes in self._strikes.items() if strikes >= STRIKES)
        return f"the watch of {', '.join(dead)} brings nothing" if dead else None

    async def check(self, kind: Kind) -> int:
        """Count what the watch has missed, and correct the mirror."""
        listings = [await self._list(kind, namespace) for namespace in self._namespaces]
        # A recent write may be in the list before its watch event arrives: wait for the event first.
        await asyncio.sleep(GRACE_SECONDS)
        return sum(self._take(kind, listing) for listing in listings)

    def _take(self, kind: Kind, seen: Listing) -> int:
        gone = self._mirror.keep_only(kind, seen.namespace, seen.uids, seen.version)
        return gone + sum(self._mirror.put(kind, body) for body in seen.new)

    async def _try(self, kind: Kind) -> None:
        try:
            missed = await self.check(kind)
        except ApiError as error:
            log.warning("audit", kind=kind.plural, error=str(error))
            return
        self._strikes[kind] = self._strikes[kind] + 1 if missed else 0
        if missed:
            log.error("watch-missed", kind=kind.plural, objects=missed)

    async def _list(self, kind: Kind, namespace: str | None) -> Listing:
        seen = Listing(namespace=namespace)
        selector = "" if kind is CLUSTERS else labels.OURS
        async for page in self._kube.pages(kind, namespace, selector=selector):
            bodies: list[Manifest] = page.get("items") or []
            seen.uids |= {body["metadata"]["uid"] for body in bodies}
            seen.new += [body for body in bodies if self._mirror.lacks(kind, body)]
            seen.version = version(page)
        return seen
