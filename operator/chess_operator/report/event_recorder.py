"""Kubernetes events that say why, with numbers. Posted in the background: an event never holds up a decision."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Literal

import structlog

from chess_operator.api.resources.kinds import CLUSTERS, EVENTS, FIELD_MANAGER
from chess_operator.kube.client import ApiError, Kube, Manifest, NotLeaderError

NOTE_LIMIT = 1024
REPEAT_SECONDS = 600.0
log = structlog.get_logger(__name__)


class EventRecorder:
    """Posts events about one ChessCluster; the same words at most every ten minutes."""

    def __init__(self, kube: Kube, identity: str) -> None:
        self._kube = kube
        self._identity = identity
        self._said: dict[tuple[str, str], float] = {}
        self._posting: set[asyncio.Task[None]] = set()

    def record(
        self,
        cluster: Manifest,
        reason: str,
        note: str,
        *,
        kind: Literal["Normal", "Warning"] = "Normal",
        action: str = "Reconcile",
    ) -> None:
        """Post an event, unless it was just said."""
        now = asyncio.get_running_loop().time()
        if now - self._said.get((reason, note), -REPEAT_SECONDS) < REPEAT_SECONDS:
            return
        self._said = {said: at for said, at in self._said.items() if now - at < REPEAT_SECONDS}
        self._said[reason, note] = now
        body = event(cluster, reason, note, kind=kind, action=action, identity=self._identity)
        task = asyncio.create_task(self._post(body), name=f"event {reason}")
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _post(self, body: Manifest) -> None:
        try:
            await self._kube.create(EVENTS, body["metadata"]["namespace"], body)
        except (ApiError, NotLeaderError) as error:
            log.warning("event-not-posted", reason=body["reason"], error=str(error))


def event(
    cluster: Manifest,
    reason: str,
    note: str,
    *,
    kind: Literal["Normal", "Warning"],
    action: str,
    identity: str,
) -> Manifest:
    """Make an events.k8s.io/v1 Event."""
    meta = cluster["metadata"]
    return {
        "metadata": {"name": f"{meta['name'][:200]}.{uuid.uuid4().hex[:16]}", "namespace": meta["namespace"]},
        "eventTime": datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reportingController": f"chesscluster.dev/{FIELD_MANAGER}",
        "reportingInstance": identity[:128],
        "action": action,
        "reason": reason,
        "type": kind,
        "note": note if len(note) <= NOTE_LIMIT else note[: NOTE_LIMIT - 1] + "…",
        "regarding": {
            "apiVersion": CLUSTERS.api_version,
            "kind": CLUSTERS.kind,
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
        },
    }
