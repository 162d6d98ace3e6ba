"""Removes a ChessCluster and waits for its last pod, so that what must outlast it goes after it."""

import asyncio

import structlog

from chess_operator.api.resources.kinds import CLUSTERS
from chess_operator.kube.client import CONFLICT, ApiError, Kube

POLL_SECONDS = 1.0
UNREACHABLE = 0

log = structlog.get_logger(__name__)


async def remove(kube: Kube, namespace: str, name: str) -> None:
    """Delete it in the foreground, whose end is that of its pods; one that is gone already is fine. Raises ApiError.

    It waits for as long as the pods drain: who asks bounds the time.
    """
    ordered = False
    while True:
        try:
            found = await kube.get(CLUSTERS, namespace, name)
            if found is None:
                return
            if not ordered:
                version = found["metadata"]["resourceVersion"]
                await kube.delete(CLUSTERS, namespace, name, resource_version=version, policy="Foreground")
                ordered = True
                log.info("removing", cluster=f"{namespace}/{name}")
        except ApiError as error:
            if error.status not in (UNREACHABLE, CONFLICT):
                raise
            log.warning("api", error=str(error))
        await asyncio.sleep(POLL_SECONDS)
