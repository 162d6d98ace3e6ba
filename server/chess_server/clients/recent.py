"""Keys that were seen within the last seconds, at most so many of them. Pure."""

from collections import Counter


class Recent:
    """A set that forgets: each key after `seconds`, and the oldest where there would be more than `most`."""

    __slots__ = ("_most", "_seconds", "_until")

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._until: dict[str, float] = {}  # in the order of their ends

    def add(self, key: str, now: float) -> None:
        """Note a key. `now` is monotonic seconds."""
        self._until.pop(key, None)
        self._until[key] = now + self._seconds
        if len(self._until) > self._most:
            del self._until[next(iter(self._until))]

    def has(self, key: str, now: float) -> bool:
        """Whether a key was noted within the last seconds."""
        return self._until.get(key, now) > now


class RecentByAddress:
    """Clients that were seen within the last seconds, at most so many in all, and of each address."""

    __slots__ = ("_most", "_of_address", "_seconds", "_until")

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._until: dict[tuple[str, str], float] = {}  # in the order of their ends
        self._of_address: Counter[str] = Counter()

    def add(self, address: str, client: str, most: int, now: float) -> None:
        """Note a client, unless its address has `most` others already. `now` is monotonic seconds."""
        self.count(now)
        key = address, client
        if key in self._until:
            del self._until[key]
        elif self._of_address[address] < most:
            self._of_address[address] += 1
        else:
            return
        self._until[key] = now + self._seconds
        if len(self._until) > self._most:
            self._forget(next(iter(self._until)))

    def count(self, now: float) -> int:
        """How many clients were noted within the last seconds."""
        while self._until and self._until[oldest := next(iter(self._until))] <= now:
            self._forget(oldest)
        return len(self._until)

    def _forget(self, key: tuple[str, str]) -> None:
        del self._until[key]
        self._of_address[key[0]] -= 1
        if not self._of_address[key[0]]:
            del self._of_address[key[0]]
