"""From a coroutine to an exit code: what went wrong, Ctrl-C and SIGTERM are each told in a line, with what is left."""

import asyncio
import signal
from collections.abc import Coroutine

import uvloop

from chess_bench.console.stages import Steps

FAILED = 1
STOPPED = 130


def run(steps: Steps, work: Coroutine[None, None, int], told: tuple[type[Exception], ...]) -> int:
    """Run to the end; `told` are the errors whose message is for the user, any other is a fault of ours."""
    screen = steps.screen
    try:
        return uvloop.run(_until_sigterm(work))
    except told as error:
        screen.freeze()
        screen.say(f"FAILED: {error}", "red")
        if steps.standing:
            screen.say(f"left: {'; '.join(steps.standing)}", "red")
        return FAILED
    except (KeyboardInterrupt, asyncio.CancelledError):
        screen.freeze()
        screen.say(f"stopped; left: {'; '.join(steps.standing) or 'nothing'}", "red")
        return STOPPED


async def _until_sigterm(work: Coroutine[None, None, int]) -> int:
    task = asyncio.current_task()
    assert task  # noqa: S101, a coroutine that runs has a task
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await work
