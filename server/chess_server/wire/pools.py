"""Names of pools: whole minutes + increment in seconds."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"(\d{1,3})\+(\d{1,3})")
LONGEST = 180
ALLOWED = "minutes 0-180 + increment in seconds 0-180, like 10+5, not both zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A time control."""

    initial_seconds: int
    increment_seconds: int

    @property
    def name(self) -> str:
        """The name on the wire."""
        return f"{self.initial_seconds // 60}+{self.increment_seconds}"


def parse(name: str) -> Pool:
    """Parse a pool's name; raises ValueError, whose message says what is allowed."""
    found = _NAME.fullmatch(name)
    minutes, increment = (int(group) for group in found.groups()) if found else (0, 0)
    if not minutes + increment > 0 or max(minutes, increment) > LONGEST:
        raise ValueError(f"pool id is {name[:20]!r}; allowed: {ALLOWED}")
    return Pool(initial_seconds=minutes * 60, increment_seconds=increment)
