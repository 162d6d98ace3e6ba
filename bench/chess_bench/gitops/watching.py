"""Every state that an object goes through, not only those that a poll happens to meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from chess_bench.kubectl import Kubectl


@asynccontextmanager
async def watched(
    kubectl: Kubectl, path: str, take: Callable[[dict[str, Any]], Any]
) -> AsyncIterator[list[Any]]:
    """Collect what `take` makes of each state that the API server shows meanwhile."""
    seen: list[Any] = []

    async def follow() -> None:
        async for event in kubectl.watch(path):
            taken = take(event["object"]) if event["type"] in ("ADDED", "MODIFIED") else None
            seen.extend([taken] if taken is not None else [])

    task = asyncio.create_task(follow())
    try:
        yield seen
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
