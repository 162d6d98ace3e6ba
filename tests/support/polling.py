"""The tests' one way to wait: poll with a deadline, and fail in words that say what did not come."""

import asyncio
import contextlib
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

PERIOD_SECONDS = 0.05
T = TypeVar("T")


async def eventually(
    condition: Callable[[], T | Awaitable[T]],
    what: str | Callable[[], str],
    *,
    within: float = 60.0,
    every: float = PERIOD_SECONDS,
    ignoring: tuple[type[Exception], ...] = (),
) -> T:
    """Return the first true value of `condition`, a (coroutine) function; AssertionError after `within` seconds.

    Exceptions of the types in `ignoring` count as "not yet".
    """
    deadline = time.monotonic() + within
    while True:
        with contextlib.suppress(*ignoring):
            found: Any = condition()
            if inspect.isawaitable(found):
                found = await found
            if found:
                return cast("T", found)
        _check(deadline, what, within)
        await asyncio.sleep(every)


def wait_until(
    condition: Callable[[], T],
    what: str | Callable[[], str],
    *,
    within: float = 60.0,
    every: float = PERIOD_SECONDS,
    ignoring: tuple[type[Exception], ...] = (),
) -> T:
    """Do as `eventually`, where no event loop runs."""
    deadline = time.monotonic() + within
    while True:
        with contextlib.suppress(*ignoring):
            if found := condition():
                return found
        _check(deadline, what, within)
        time.sleep(every)


def _check(deadline: float, what: str | Callable[[], str], within: float) -> None:
    if time.monotonic() > deadline:
        raise AssertionError(f"not within {within:g} s: {what if isinstance(what, str) else what()}")
