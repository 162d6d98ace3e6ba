"""The stages of a run, each announced and timed."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chess_bench.screen import Screen


@dataclass(slots=True)
class Steps:
    """Names and durations, in order."""

    screen: Screen
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Announce and time one."""
        self.screen.say(f"== {name}", "bold")
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[name] = time.monotonic() - began
