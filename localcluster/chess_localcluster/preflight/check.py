"""A check: one line, and what to do. Only what would certainly fail refuses; what may be wrong warns."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """What a check means for `up`."""

    OK = "ok"
    WARNING = "warning"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, what was found, and what to do about it."""

    what: str
    level: Level
    text: str
    remedy: str = ""

    @property
    def line(self) -> str:
        """Return what was found and the remedy."""
        return f"{self.what}: {self.text}" + (f": {self.remedy}" if self.remedy else "")


def refusals(checks: Iterable[Check]) -> list[Check]:
    """Return what stands in the way."""
    return [found for found in checks if found.level is Level.REFUSED]


def ok(what: str, text: str) -> Check:
    """Say that it is as it should be."""
    return Check(what=what, level=Level.OK, text=text)


def warning(what: str, text: str, remedy: str) -> Check:
    """Say what may be wrong."""
    return Check(what=what, level=Level.WARNING, text=text, remedy=remedy)


def refused(what: str, text: str, remedy: str) -> Check:
    """Say what would certainly fail, or break something of somebody else's."""
    return Check(what=what, level=Level.REFUSED, text=text, remedy=remedy)
