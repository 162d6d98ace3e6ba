"""A socket's pulse: when to ping, when to give it up, and how long a round trip takes. Pure.

The lag that clocks forgive comes from here alone: each ping bears a number that only its own pong brings back.
"""

from enum import Enum

from chess_server.transport.link import Limits

SMOOTHING = 0.3
LONGEST_LAG_MS = 5000


class Due(Enum):
    """What a socket needs now."""

    NOTHING = 0
    PING = 1
    CUT = 2


class Keepalive:
    """Times are monotonic seconds."""

    __slots__ = ("_awaited", "_heard_at", "_pinged_at", "_pings", "lag_ms")

    def __init__(self, now: float) -> None:
        self._heard_at = now
        self._pinged_at = 0.0
        self._pings = 0
        self._awaited: bytes | None = None
        self.lag_ms = 0

    def heard(self, now: float) -> None:
        """Note that something came."""
        self._heard_at = now

    def due(self, now: float, limits: Limits) -> Due:
        """Say what is due. A socket that is to be pinged gets its first one at once."""
        if now - self._heard_at >= limits.idle_seconds:
            return Due.CUT
        if not self._pings or now - self._pinged_at >= limits.ping_seconds:
            return Due.PING
        return Due.NOTHING

    def ping(self, now: float) -> bytes:
        """Begin a round trip; returns the ping's payload."""
        self._pings += 1
        self._pinged_at = now
        self._awaited = b"%x" % self._pings
        return self._awaited

    def pong(self, payload: bytes, now: float) -> None:
        """End a round trip, if this is its pong."""
        self.heard(now)
        if payload != self._awaited:
            return
        self._awaited = None
        measured = min(int((now - self._pinged_at) * 1000), LONGEST_LAG_MS)
        first = self.lag_ms == 0
        self.lag_ms = measured if first else round(self.lag_ms + SMOOTHING * (measured - self.lag_ms))
