"""What all loops share. `main` makes it once."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from chess_operator.api.resources.kinds import EVENTS, Manifest
from chess_operator.census.reader import Readers
from chess_operator.kube.claims import Claims
from chess_operator.kube.client import ApiError, Kube, NotLeaderError
from chess_operator.kube.mirror import Mirror
from chess_operator.kube.secrets import SecretReader
from chess_operator.metrics import Metrics
from chess_operator.reconcile.waker import Wakers
from chess_operator.report.event_recorder import EventRecorder

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Clients, the mirror and who wakes whom, the clocks."""

    kube: Kube
    mirror: Mirror
    """Its changes must wake `wakers`."""
    wakers: Wakers
    readers: Readers
    secrets: SecretReader
    metrics: Metrics
    claims: Claims
    identity: str
    service_accounts: frozenset[str] = frozenset()
    wall: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic

    def recorder(self) -> EventRecorder:
        """Make an event recorder for one ChessCluster."""
        return EventRecorder(self._post, self.identity)

    async def _post(self, event: Manifest) -> None:
        try:
            await self.kube.create(EVENTS, event["metadata"]["namespace"], event)
        except (ApiError, NotLeaderError) as error:
            log.warning("event-not-posted", reason=event["reason"], error=str(error))
