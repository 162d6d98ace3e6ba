"""Drain marks. The pod's annotation and its missing label are the truth; the mark in Redis only carries the order.

So a mark is repeated while a pod that should drain does not report it (Redis has lost the mark, the container has
restarted), and removed again while a pod drains that should not. If Redis does not take an order, the reconcile tries
no other: each would delay it as much, and all of them are repeated anyway.
"""

import time
from collections.abc import Callable

import structlog

from chess_operator.census.reader import PresenceError, PresenceReader
from chess_operator.decide.values import Decision, Observed, Pod
from chess_operator.reconcile.apply import Applier
from chess_presence.census import Census

REPEAT_SECONDS = 1.0
"""Longer than a pod takes to read a mark and to report that it drains."""
log = structlog.get_logger(__name__)


class Drains:
    """Carries out the drains that a decision orders, for one ChessCluster."""

    def __init__(self, applier: Applier, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._applier = applier
        self._clock = clock
        self._sent: dict[str, float] = {}

    async def undo(self, reader: PresenceReader, observed: Observed, decision: Decision) -> None:
        """Undo drains: Redis first, so that a pod that is in the Service again accepts players."""
        pods = {pod.uid: pod for pod in observed.pods}
        for undrain in decision.undrains:
            if undrain.uid in pods:
                if not await self._order(reader, observed.uid, undrain.uid, None):
                    return
                await self._applier.end_drain(pods[undrain.uid])

    async def begin(self, reader: PresenceReader, observed: Observed, decision: Decision) -> None:
        """Begin drains: out of the Service first, so that no player is sent to a pod that refuses."""
        pods, answers = {pod.uid: pod for pod in observed.pods}, True
        for drain in decision.drains:
            if drain.uid in pods:
                await self._applier.begin_drain(pods[drain.uid], drain)
                answers = answers and await self._order(reader, observed.uid, drain.uid, drain.deadline_ms)

    async def repeat(
        self, reader: PresenceReader, observed: Observed, census: Census, decision: Decision
    ) -> float | None:
        """Repeat orders that seem lost; return the seconds until the next look."""
        if census.unreachable:
            return None
        changed = {drain.uid for drain in decision.drains} | {undrain.uid for undrain in decision.undrains}
        lost = [pod for pod in observed.pods if pod.uid not in changed and _disagrees(pod, census)]
        for pod in lost:
            if self._clock() - self._sent.get(pod.uid, -REPEAT_SECONDS) >= REPEAT_SECONDS:
                log.info("order-repeated", pod=pod.name, drain=pod.draining)
                if not await self._order(reader, observed.uid, pod.uid, pod.drain_deadline_ms):
                    break
        self._sent = {pod.uid: self._sent[pod.uid] for pod in observed.pods if pod.uid in self._sent}
        return REPEAT_SECONDS if lost else None

    async def _order(self, reader: PresenceReader, cluster: str, pod: str, deadline_ms: int | None) -> bool:
        self._sent[pod] = self._clock()
        try:
            if deadline_ms is None:
                await reader.unmark(cluster, pod)
            else:
                await reader.mark(cluster, pod, deadline_ms)
        except PresenceError as error:
            log.warning("order-not-sent", pod=pod, error=str(error))
            return False
        return True


def _disagrees(pod: Pod, census: Census) -> bool:
    """Whether a live pod reports something else than it was ordered. After SIGTERM a pod drains without an order."""
    return pod.active and pod.uid in census.connections and pod.draining != (pod.uid in census.draining)
