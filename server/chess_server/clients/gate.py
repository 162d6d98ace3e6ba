"""A gate before the stores: how many clients look for their game at the same time, and who of those who wait is next.

A server that does not know a game must ask for it, and anybody can make up a path. So few ask at once; known players go
first, and the others pass address by address: who asks for a thousand games waits for himself.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Generic, TypeVar

Waiter = TypeVar("Waiter")


class Line(Generic[Waiter]):
    """Who waits: first those who go first, then one of each address after another, each in its order. Pure."""

    def __init__(self) -> None:
        self._ranks: tuple[dict[str, deque[Waiter]], dict[str, deque[Waiter]]] = {}, {}

    def add(self, waiter: Waiter, address: str, *, first: bool) -> None:
        """Add a waiter."""
        self._ranks[not first].setdefault(address, deque()).append(waiter)

    def pop(self) -> Waiter | None:
        """Take out who is next; None if nobody waits."""
        for addresses in self._ranks:
            for address in addresses:
                waiting = addresses.pop(address)
                waiter = waiting.popleft()
                if waiting:
                    addresses[address] = waiting
                return waiter
        return None


class Gate:
    """At most so many are within at a time."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._line: Line[asyncio.Future[None]] = Line()

    @contextlib.asynccontextmanager
    async def enter(self, address: str, *, first: bool) -> AsyncIterator[None]:
        """Wait until there is room within, and be within."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(address, first=first)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, address: str, *, first: bool) -> None:
        granted = asyncio.get_running_loop().create_future()
        self._line.add(granted, address, first=first)
        try:
            await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                self._pass_on()  # cancelled when just let in
            raise

    def _pass_on(self) -> None:
        while (granted := self._line.pop()) is not None:
            if not granted.done():
                granted.set_result(None)
                return
        self._free += 1
