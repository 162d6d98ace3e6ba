"""The stages of a run, each announced and timed, and what stands because of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chess_bench.console.screen import Screen


@dataclass(slots=True)
class Stages:
    """Names and durations, in order."""

    screen: Screen
    seconds: dict[str, float] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)  # what was started and is not ended yet

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Announce and time one."""
        self.screen.print(f"== {name}", "bold")
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - began

    def started(self, what: str) -> None:
        """Remember what would be left if this run ended now."""
        self.left.append(what)

    def ended(self, what: str) -> None:
        """Forget what has been ended."""
        self.left.remove(what)
