"""Ends tasks that call Redis.

redis-py 8.1 can swallow a cancellation. If it arrives while a connection is being made, closed or read with a time
limit of its own (`PubSub.get_message(timeout=…)`, a pool that takes a connection back), the call ends with its own
time-out or error instead, and the task goes on. So one `cancel()` is not enough for a loop around such calls: it is
repeated until the task has ended.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T")

AGAIN_SECONDS = 0.2


async def end(*tasks: "asyncio.Task[Any] | None") -> None:
    """Cancel tasks until each has ended, and ignore what they raise. None stands for a task that was not begun."""
    pending = {task for task in tasks if task is not None and not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=AGAIN_SECONDS)
    _retrieve(task for task in tasks if task is not None)


def shared(task: "asyncio.Task[T]") -> "asyncio.Task[T]":
    """Return a task that many await; nobody need be left to hear of its failure, if all of them are cancelled."""
    task.add_done_callback(lambda done: _retrieve([done]))
    return task


def _retrieve(tasks: "Iterable[asyncio.Task[Any]]") -> None:
    """Keep asyncio from logging the failures of tasks that nobody waits for."""
    for task in tasks:
        if not task.cancelled():
            task.exception()
