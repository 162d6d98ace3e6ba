"""Writes status: at once when something material changed, otherwise at most once a second, and never in vain."""

import time
from collections.abc import Callable
from typing import Any

from chess_operator.api.resources.kinds import CLUSTERS
from chess_operator.kube.client import Kube, Manifest
from chess_operator.kube.mirror import Mirror
from chess_operator.report.status import material

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
        """Write what differs; returns the seconds after which it should be tried again."""
        if status == self._written:
            return None
        wait = self._written_at + QUIET_SECONDS - self._clock()
        if wait > 0 and self._written is not None and material(status) == material(self._written):
            return wait
        meta = {"name": cluster["metadata"]["name"], "namespace": cluster["metadata"]["namespace"]}
        answer = await self._kube.apply(CLUSTERS, {"metadata": meta, "status": status}, subresource="status")
        self._mirror.put(CLUSTERS, answer)
        self._written, self._written_at = status, self._clock()
        return None
