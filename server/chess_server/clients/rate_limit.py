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
        if self.wait(now):
            return False
        self._tokens -= 1.0
        return True

    def wait(self, now: float) -> float:
        """Return how many seconds it takes until there is a token; 0 if there is one."""
        rate = self._rate
        filled = self._tokens + (now - self._at) * rate.messages / rate.seconds
        self._tokens = min(float(rate.messages), filled)
        self._at = now
        return max(0.0, (1.0 - self._tokens) * rate.seconds / rate.messages)

    def reserve(self, now: float) -> float:
        """Take the next token, and return how many seconds it takes until there is that one."""
        seconds = self.wait(now)
        self._tokens -= 1.0
        return seconds

    def give_back(self) -> None:
        """Give back a reserved token that is not used."""
        self._tokens += 1.0


MOST_KEYS = 20_000


class Buckets:
    """A bucket for each key. Where there would be more than `most`, the one used longest ago makes room."""

    def __init__(self, rate: Rate, most: int = MOST_KEYS) -> None:
        self._rate = rate
        self._most = most
        self._buckets: dict[str, TokenBucket] = {}

    def take(self, key: str, now: float) -> bool:
        """Take a token of a key; False if it has none left."""
        return self._used(key, now).take(now)

    def reserve(self, key: str, now: float) -> float:
        """Take the next token of a key, and return how many seconds it takes until there is that one."""
        return self._used(key, now).reserve(now)

    def give_back(self, key: str) -> None:
        """Give back a reserved token of a key that is not used."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.give_back()

    def wait(self, key: str, now: float) -> float:
        """Return how many seconds it takes until a key has a token; 0 if it has one."""
        bucket = self._buckets.get(key)
        return 0.0 if bucket is None else bucket.wait(now)

    def _used(self, key: str, now: float) -> TokenBucket:
        bucket = self._buckets.pop(key, None) or TokenBucket(self._rate, now)
        self._buckets[key] = bucket
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return bucket
