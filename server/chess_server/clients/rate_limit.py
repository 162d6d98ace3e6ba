"""Token buckets: how many messages a client may send."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages in so many seconds, all of which may come at once."""

    messages: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.messages} messages in {self.seconds:g} s"


class TokenBucket:
    """Fills steadily, holds at most `rate.messages`."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.messages)
        self._at = now

    def take(self, now: float) -> bool:
        """Take one token if there is one."""
        rate = self._rate
        filled = self._tokens + (now - self._at) * rate.messages / rate.seconds
        self._tokens = min(float(rate.messages), filled)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
