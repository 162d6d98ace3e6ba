"""How polls are spaced: they begin quick and grow slow, and Ctrl-C ends them."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


class Interrupted(Exception):  # noqa: N818 - nothing went wrong
    """The user asked to stop waiting."""


@dataclass(slots=True)
class Backoff:
    """How polls are spaced; tests give their own `sleep`."""

    first_seconds: float = 0.1
    factor: float = 1.6
    longest_seconds: float = 5.0
    stop: threading.Event = field(default_factory=threading.Event)
    sleep: Callable[[float], object] | None = None

    def pause(self, turn: int) -> None:
        """Wait before poll number `turn`, or raise when the user wants to stop."""
        seconds = min(self.longest_seconds, self.first_seconds * self.factor**turn)
        if self.sleep is not None:
            self.sleep(seconds)
        else:
            self.stop.wait(seconds)
        if self.stop.is_set():
            raise Interrupted
