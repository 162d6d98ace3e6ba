"""The stages of a run, each printed and timed, and what the run has started."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from chess_bench.console.screen import Screen


@dataclass(slots=True)
class Stages:
    """Names and durations in order, and what the run would leave if it ended now."""

    screen: Screen
    seconds: dict[str, float] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    """What was started and is not ended yet."""

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Print and time a stage."""
        self.screen.print(f"== {name}", "bold")
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - began

    def started(self, what: str) -> None:
        """Note what was started."""
        self.left.append(what)

    def ended(self, what: str) -> None:
        """Note what was ended."""
        self.left.remove(what)
