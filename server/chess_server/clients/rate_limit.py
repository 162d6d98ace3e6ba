"""Rate limits: how many messages a client may send, by token buckets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """A limit of `messages` per `seconds`; all of them may come at once."""

    messages: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.messages} messages in {self.seconds:g} s"


class TokenBucket:
    """Fills steadily, and holds at most `rate.messages` tokens."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.messages)
        self._at = now

    def take(self, now: float) -> bool:
        """Take a token; False if none is left. `now` is monotonic seconds."""
        rate = self._rate
        filled = self._tokens + (now - self._at) * rate.messages / rate.seconds
        self._tokens = min(float(rate.messages), filled)
        self._at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
