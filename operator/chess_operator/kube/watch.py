"""kopf's part: it watches, fills the mirror, and runs one daemon for each ChessCluster.

kopf fills its indexes completely before it starts any daemon, so no decision is taken on half a cluster. The indexes
themselves stay empty: the mirror takes every body as it passes by.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import kopf

from chess_operator.api.resources import labels
from chess_operator.api.resources.kinds import CHILDREN, CLUSTERS, GROUP, PODS, Kind
from chess_operator.api.resources.names import Key
from chess_operator.kube.access import Access
from chess_operator.kube.mirror import Mirror

WATCHED = (CLUSTERS, PODS, *CHILDREN)
ENDING_SECONDS = 5.0
FINALIZER = f"{GROUP}/operator"

Ended = Callable[[], bool]
Run = Callable[[Key, str, Ended], Awaitable[None]]
"""Reconciles a ChessCluster, given its uid, until cancelled or ended: a library may swallow a cancellation."""
CleanUp = Callable[[Key, str], None]
"""Called when a ChessCluster is being deleted."""


def configured(*, scan: bool) -> kopf.OperatorSettings:
    """Set kopf up. `scan`: notice a CRD that comes, goes or changes later; needs the right to list CRDs."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False  # our own events are more useful
    settings.persistence.finalizer = FINALIZER
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = kopf.AnnotationsDiffBaseStorage(prefix=GROUP)
    settings.background.cancellation_polling = 1  # the default notices an ended daemon after up to 60 s
    settings.execution.default_backoff = 1
    settings.networking.request_timeout = 30
    settings.networking.error_backoffs = [0.2, 0.5, 1, 2]
    settings.watching.reconnect_backoff = 0.1
    settings.scanning.disabled = not scan
    for kind in (PODS, *CHILDREN):
        settings.watching.label_selectors[kind.group, kind.version, kind.plural] = labels.OURS
    settings.process.ultimate_exiting_timeout = 30
    return settings


def handlers(access: Access, mirror: Mirror, run: Run, clean_up: CleanUp) -> kopf.OperatorRegistry:
    """Make the registry of handlers."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def login(**_: Any) -> kopf.ConnectionInfo:
        return await access.connection()

    for kind in WATCHED:
        _reflect(registry, kind, mirror)

    @kopf.daemon(
        CLUSTERS.group,
        CLUSTERS.version,
        CLUSTERS.plural,
        registry=registry,
        cancellation_timeout=ENDING_SECONDS,
    )
    async def chesscluster(
        name: str, namespace: str | None, uid: str, stopped: kopf.DaemonStopped, **_: Any
    ) -> None:
        key = Key(str(namespace), name)
        try:
            await run(key, uid, lambda: bool(stopped))
        finally:
            if stopped.reason and kopf.DaemonStoppingReason.RESOURCE_DELETED in stopped.reason:
                clean_up(key, uid)

    return registry


def _reflect(registry: kopf.OperatorRegistry, kind: Kind, mirror: Mirror) -> None:
    where = (kind.group, kind.version, kind.plural) if kind.group else (kind.version, kind.plural)

    @kopf.index(*where, registry=registry, id=f"fill-{kind.plural}")
    async def fill(body: kopf.Body, **_: Any) -> None:
        mirror.put(kind, dict(body))

    @kopf.on.event(*where, registry=registry, id=f"follow-{kind.plural}")
    async def follow(event: kopf.RawEvent, **_: Any) -> None:
        body = dict(event["object"])
        if event["type"] == "DELETED":
            mirror.remove(kind, body)
        else:
            mirror.put(kind, body)
