"""Runs a coroutine to an exit code; an error, Ctrl-C or SIGTERM ends it with a line that names what is left."""

import asyncio
import signal
from collections.abc import Coroutine

import uvloop

from chess_bench.console.stages import Stages

FAILED = 1
STOPPED = 130


def run(stages: Stages, work: Coroutine[None, None, int], expected: tuple[type[Exception], ...]) -> int:
    """Run to the end; `expected` are the errors whose message is for the user, any other is a bug."""
    screen = stages.screen
    try:
        return _to_the_end(work)
    except expected as error:
        screen.freeze()
        screen.print(f"FAILED: {error}", "red")
        if stages.left:
            screen.print(f"left: {'; '.join(stages.left)}", "red")
        return FAILED
    except (KeyboardInterrupt, asyncio.CancelledError):
        screen.freeze()
        screen.print(f"stopped; left: {'; '.join(stages.left) or 'nothing'}", "red")
        return STOPPED


def _to_the_end(work: Coroutine[None, None, int]) -> int:
    """Run; and ignore Ctrl-C from then on: this process ends by itself, and a traceback is all that one would get."""
    try:
        return uvloop.run(_until_sigterm(work))
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _until_sigterm(work: Coroutine[None, None, int]) -> int:
    task = asyncio.current_task()
    assert task  # noqa: S101 - a coroutine that runs has a task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work
