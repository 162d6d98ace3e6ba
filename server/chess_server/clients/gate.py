"""A gate before the stores: how many clients look for their game at the same time, and who of those who wait is next.

A server that does not know a game must ask for it, and anybody can make up a path. So few ask at once, fewer of one
address, and they pass address by address: who asks for a thousand games waits for himself, and the limit on games that
do not exist stops him before many are asked for. Known players need not wait here.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

Waiter = TypeVar("Waiter")


class Line(Generic[Waiter]):
    """Who waits: one of each address after another, each in its order. Pure."""

    def __init__(self) -> None:
        self._addresses: dict[str, deque[Waiter]] = {}  # the next one first

    def add(self, waiter: Waiter, address: str) -> None:
        """Add a waiter."""
        self._addresses.setdefault(address, deque()).append(waiter)

    def pop(self, may: Callable[[str], bool]) -> tuple[str, Waiter] | None:
        """Take out who is next of the addresses that may, and its address; None if nobody is."""
        address = next(filter(may, self._addresses), None)
        if address is None:
            return None
        waiting = self._addresses.pop(address)
        waiter = waiting.popleft()
        if waiting:
            self._addresses[address] = waiting
        return address, waiter


class Gate:
    """At most so many are within at a time, and of each address."""

    def __init__(self, most: int, of_address: int) -> None:
        self._free = most
        self._of_address = of_address
        self._within: Counter[str] = Counter()
        self._line: Line[asyncio.Future[None]] = Line()

    @contextlib.asynccontextmanager
    async def enter(self, address: str) -> AsyncIterator[None]:
        """Wait until there is room within, and be within."""
        if self._free and self._may(address):
            self._free -= 1
            self._within[address] += 1
        else:
            await self._wait(address)
        try:
            yield
        finally:
            self._leave(address)

    def _may(self, address: str) -> bool:
        return self._within[address] < self._of_address

    async def _wait(self, address: str) -> None:
        granted = asyncio.get_running_loop().create_future()
        self._line.add(granted, address)
        try:
            await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                self._leave(address)  # cancelled when just let in
            raise

    def _leave(self, address: str) -> None:
        self._within[address] -= 1
        if not self._within[address]:
            del self._within[address]
        while (waiter := self._line.pop(self._may)) is not None:
            follower, granted = waiter
            if not granted.done():
                self._within[follower] += 1
                granted.set_result(None)
                return
        self._free += 1
