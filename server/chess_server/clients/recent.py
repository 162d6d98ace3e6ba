"""Keys that were seen within the last seconds, at most so many of them. Pure."""


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

    def count(self, now: float) -> int:
        """How many keys were noted within the last seconds."""
        for key in list(self._until):
            if self._until[key] > now:
                break
            del self._until[key]
        return len(self._until)
