"""A socket's keepalive: when to ping, when to close it, and how long a round trip takes. Pure.

This is the only lag that clocks forgive. Each ping has a number that only its own pong returns, so a client cannot
state its lag itself.
"""

from enum import Enum

from chess_server.transport.link import Limits

SMOOTHING = 0.3
LONGEST_LAG_MS = 5000


class Due(Enum):
    """What is due on a socket."""

    NOTHING = 0
    PING = 1
    CUT = 2


class Keepalive:
    """The keepalive of one socket. Times are monotonic seconds."""

    __slots__ = ("_awaited", "_pinged_at", "_pings", "_received_at", "lag_ms")

    def __init__(self, now: float) -> None:
        self._received_at = now
        self._pinged_at = 0.0
        self._pings = 0
        self._awaited: bytes | None = None
        self.lag_ms = 0

    def received(self, now: float) -> None:
        """Note that something was received."""
        self._received_at = now

    def due(self, now: float, limits: Limits) -> Due:
        """Return what is due. The first ping is due at once."""
        if now - self._received_at >= limits.idle_seconds:
            return Due.CUT
        if not self._pings or now - self._pinged_at >= limits.ping_seconds:
            return Due.PING
        return Due.NOTHING

    def ping(self, now: float) -> bytes:
        """Begin a round trip; return the ping's payload."""
        self._pings += 1
        self._pinged_at = now
        self._awaited = b"%x" % self._pings
        return self._awaited

    def pong(self, payload: bytes, now: float) -> None:
        """End the round trip if this is its pong; any pong counts as received."""
        self.received(now)
        if payload != self._awaited:
            return
        self._awaited = None
        measured = min(int((now - self._pinged_at) * 1000), LONGEST_LAG_MS)
        first = self.lag_ms == 0
        self.lag_ms = measured if first else round(self.lag_ms + SMOOTHING * (measured - self.lag_ms))
