"""What all daemons share. Made once, in `main`."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from chess_operator.census.reader import Readers
from chess_operator.kube.client import Kube
from chess_operator.kube.mirror import Mirror
from chess_operator.kube.secrets import SecretReader
from chess_operator.metrics import Metrics
from chess_operator.report.event_recorder import EventRecorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Clients, the mirror and the clocks."""

    kube: Kube
    mirror: Mirror
    readers: Readers
    secrets: SecretReader
    metrics: Metrics
    identity: str
    service_accounts: frozenset[str] = frozenset()
    wall: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic

    def recorder(self) -> EventRecorder:
        """Make an recorder of its own for one ChessCluster."""
        return EventRecorder(self.kube, self.identity)
