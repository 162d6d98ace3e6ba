"""A task that has swallowed a cancellation ends all the same."""

import asyncio

from chess_presence import cancelling


async def _stubborn(swallow: int, swallowed: list[int]) -> None:
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if len(swallowed) == swallow:
                raise
            swallowed.append(1)


async def test_a_task_is_cancelled_until_it_ends() -> None:
    swallowed: list[int] = []
    task = asyncio.create_task(_stubborn(2, swallowed))
    await asyncio.sleep(0)
    await cancelling.end(task)
    assert task.cancelled()
    assert len(swallowed) == 2


async def test_a_failure_while_ending_is_not_logged() -> None:
    async def failing() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            raise OSError("closed") from None

    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    task = asyncio.create_task(failing())
    await asyncio.sleep(0)
    await cancelling.end(task)
    del task
    assert heard == []


async def test_ended_tasks_and_none_are_left_alone() -> None:
    done = asyncio.create_task(asyncio.sleep(0, "kept"))
    await done
    await cancelling.end(done, None)
    assert done.result() == "kept"
