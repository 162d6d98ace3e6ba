"""Connections whose request has not come yet: no address holds them, so their number is bounded. Pure.

Where there are too many, the oldest is cut: a client that means to connect sends its request at once.
"""

from typing import Generic, TypeVar

Connection = TypeVar("Connection")


class Handshakes(Generic[Connection]):
    """At most so many connections, forgotten after `seconds`: by then the library itself has closed them."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._begun: dict[Connection, float] = {}  # in the order of their beginning

    def begin(self, connection: Connection, now: float) -> Connection | None:
        """Add a connection; return the one to cut for it, if any."""
        self._begun[connection] = now
        if len(self._begun) <= self._most:
            return None
        oldest = next(iter(self._begun))
        del self._begun[oldest]
        return oldest

    def end(self, connection: Connection) -> None:
        """Forget a connection whose request has come."""
        self._begun.pop(connection, None)

    def forget_old(self, now: float) -> None:
        """Forget connections that are closed by now."""
        while self._begun:
            oldest = next(iter(self._begun))
            if now - self._begun[oldest] < self._seconds:
                return
            del self._begun[oldest]
