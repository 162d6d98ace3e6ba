"""Each replica that became due, and when it came: a patch that brings several answers for each of them. Pure.

A replica is due from the moment at which the players' own open connections want it. It is *missing* if it never comes:
if it is due for MISSED_AFTER_SECONDS or longer, until the end or until it is no longer wanted.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Phase(StrEnum):
    """The parts of a run under which its figures are counted."""

    COMING = "players come"
    PLAYING = "all play"
    LEAVING = "players leave"


MISSED_AFTER_SECONDS = 5.0
"""Less is a flicker, such as of players who change from a game to the lobby: a census takes that long at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One replica more: the number-th."""

    number: int
    phase: Phase
    """In which it became due."""
    due_at: float
    came_at: float | None
    """None: it is missing."""

    @property
    def reaction_seconds(self) -> float | None:
        """The time for which it was due."""
        return None if self.came_at is None else self.came_at - self.due_at


@dataclass(slots=True)
class Steps:
    """The steps of one run. All times are of one monotonic clock."""

    wanted: Callable[[int], int]
    """The replicas that so many connections want."""
    phase: Phase = Phase.COMING
    taken: list[Step] = field(default_factory=list)
    _there: int | None = None
    """Replicas; None before any were reported."""
    _wanted: int = 0
    _due: dict[int, Step] = field(default_factory=dict)
    _early: set[int] = field(default_factory=set)
    """Replicas that came before they were due: pods count a connection before its player does."""

    def connections(self, now: float, count: int) -> None:
        """Take the number of open connections."""
        self._wanted = self.wanted(count)
        for number in [number for number in self._due if number > self._wanted]:
            self._lapse(now, self._due.pop(number))
        self._note_early(now)
        self._note_due(now)

    def replicas(self, now: float, count: int) -> float | None:
        """Take the number of replicas; return since when the first of those that came was due."""
        first, before, self._there = self._there is None, self._there or 0, count
        came = [self._due.pop(number) for number in sorted(self._due) if number <= count]
        rise = set() if first else set(range(before + 1, count + 1))
        self._early = {number for number in self._early if number <= count}
        self._early |= rise - {one.number for one in came}
        self._note_due(now)
        if first or not came:  # what was there before the first report was never missing
            return None
        self.taken += [replace(one, came_at=now) for one in came]
        return min(one.due_at for one in came)

    def _note_early(self, now: float) -> None:
        for number in sorted(number for number in self._early if number <= self._wanted):
            self._early.remove(number)
            self.taken.append(Step(number=number, phase=self.phase, due_at=now, came_at=now))

    def _note_due(self, now: float) -> None:
        for number in range((self._there or 0) + 1, self._wanted + 1):
            if number not in self._due:
                self._due[number] = Step(number=number, phase=self.phase, due_at=now, came_at=None)

    def end(self, now: float) -> None:
        """Count what is still due."""
        for step in self._due.values():
            self._lapse(now, step)
        self._due.clear()

    @property
    def reactions(self) -> list[float]:
        """Seconds for which each step that came was due."""
        return [step.came_at - step.due_at for step in self.taken if step.came_at is not None]

    @property
    def missing(self) -> list[Step]:
        """Steps that never came."""
        return [step for step in self.taken if step.came_at is None]

    def _lapse(self, now: float, step: Step) -> None:
        if now - step.due_at >= MISSED_AFTER_SECONDS:
            self.taken.append(step)
