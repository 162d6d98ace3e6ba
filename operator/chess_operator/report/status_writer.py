"""Writes the status: at once if something urgent changed, else at most once a second, and only if it differs."""

import time
from collections.abc import Callable
from typing import Any

from chess_operator.api.resources.kinds import CLUSTERS, Manifest
from chess_operator.kube.client import Kube
from chess_operator.kube.mirror import Mirror
from chess_operator.report.status import urgent

QUIET_SECONDS = 1.0


class StatusWriter:
    """For one ChessCluster."""

    def __init__(self, kube: Kube, mirror: Mirror, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kube = kube
        self._mirror = mirror
        self._clock = clock
        self._written: Any = None
        self._written_at = -QUIET_SECONDS

    async def write(self, cluster: Manifest, status: Manifest) -> float | None:
        """Write the status if it differs; return the seconds after which to try again, if it must wait."""
        if status == self._written:
            return None
        wait = self._written_at + QUIET_SECONDS - self._clock()
        if wait > 0 and self._written is not None and urgent(status) == urgent(self._written):
            return wait
        meta = {"name": cluster["metadata"]["name"], "namespace": cluster["metadata"]["namespace"]}
        answer = await self._kube.apply(CLUSTERS, {"metadata": meta, "status": status}, subresource="status")
        self._mirror.put(CLUSTERS, answer)
        self._written, self._written_at = status, self._clock()
        return None
