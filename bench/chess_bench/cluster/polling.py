"""The bench's one way to poll: with a deadline, and with words for what was still missing."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable

from chess_bench.cluster.kubectl import KubectlError

POLL_SECONDS = 0.25


class TooLateError(RuntimeError):
    """Something did not happen in time; the message says what was missing last."""


async def until(
    what: str, missing: Callable[[], str | Awaitable[str | None] | None], within_seconds: float
) -> float:
    """Poll until `missing`, a (coroutine) function, returns None; return the seconds that it took.

    A kubectl command that fails counts as "not yet".
    """
    began = time.monotonic()
    while (last := await _ask(missing)) is not None:
        if time.monotonic() - began > within_seconds:
            raise TooLateError(f"{what}: not within {within_seconds:.0f} s; last: {last}")
        await asyncio.sleep(POLL_SECONDS)
    return time.monotonic() - began


async def refusal(host: str, port: int) -> str | None:
    """Say why nobody comes in there yet: kube-proxy follows a Service a moment after its pods are Ready."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return str(error)
    writer.close()
    return None


async def _ask(missing: Callable[[], str | Awaitable[str | None] | None]) -> str | None:
    try:
        answer = missing()
        return await answer if inspect.isawaitable(answer) else answer
    except KubectlError as error:
        return str(error)
