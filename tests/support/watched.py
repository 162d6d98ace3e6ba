"""Collects every state that an object goes through; a poll would miss some."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from chess_bench.cluster.kubectl import Kubectl


@asynccontextmanager
async def watched(
    kubectl: Kubectl, path: str, take: Callable[[dict[str, Any]], Any]
) -> AsyncIterator[list[Any]]:
    """Yield a list that collects what `take` returns for each state, from the present one on, but None."""
    seen: list[Any] = []
    begun = asyncio.Event()

    async def follow() -> None:
        async for event in kubectl.watch(path):
            seen.extend(taken for found in _states(event) if (taken := take(found)) is not None)
            begun.set()

    task = asyncio.create_task(follow())
    try:
        async with asyncio.timeout(60):
            await begun.wait()
        yield seen
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _states(event: dict[str, Any]) -> list[dict[str, Any]]:
    if event["type"] == "LISTED":
        listed: list[dict[str, Any]] = event["object"]["items"]
        return listed
    return [event["object"]] if event["type"] in ("ADDED", "MODIFIED") else []
