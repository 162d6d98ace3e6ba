"""Posts Kubernetes events about one ChessCluster, in the background: an event never delays a decision."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, Literal

from chess_operator.api.resources.kinds import CLUSTERS, FIELD_MANAGER, Manifest

NOTE_LIMIT = 1024
REPEAT_SECONDS = 600.0

Post = Callable[[Manifest], Coroutine[Any, Any, None]]
"""Sends an event to the API server; what goes wrong there is its own business."""


class EventRecorder:
    """Posts each event at most every ten minutes."""

    def __init__(self, post: Post, identity: str) -> None:
        self._post = post
        self._identity = identity
        self._recorded: dict[tuple[str, str], float] = {}
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
        """Post an event, unless the same one was posted within ten minutes."""
        now = asyncio.get_running_loop().time()
        if now - self._recorded.get((reason, note), -REPEAT_SECONDS) < REPEAT_SECONDS:
            return
        self._recorded = {known: at for known, at in self._recorded.items() if now - at < REPEAT_SECONDS}
        self._recorded[reason, note] = now
        body = event(cluster, reason, note, kind=kind, action=action, identity=self._identity)
        task = asyncio.create_task(self._post(body), name=f"event {reason}")
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)


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
