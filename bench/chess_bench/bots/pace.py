"""How long a player thinks. Pure.

One pace serves a whole fleet and slows down with the service: a small machine never gets more load than it can
handle, because the demo measures scaling, not overload.
"""

from dataclasses import dataclass
from random import Random

EASY_ACK_SECONDS = 0.15  # a service that acknowledges within this time is not overloaded
SLOWEST = 4.0
MEMORY = 0.98


@dataclass(slots=True)
class Pace:
    """The average time per move, and how it adapts."""

    think_seconds: float = 1.0
    rest_seconds: float = 0.5
    """Between two games."""
    ack_seconds: float = 0.0
    """Moving average of the time from a move to its acknowledgement."""

    def observe(self, ack_seconds: float) -> None:
        """Take the time of one acknowledgement into the average."""
        self.ack_seconds = MEMORY * self.ack_seconds + (1 - MEMORY) * ack_seconds

    def think(self, rng: Random) -> float:
        """Draw the time for one move."""
        return self.think_seconds * rng.uniform(0.5, 1.5) * self.slowdown

    def rest(self, rng: Random) -> float:
        """Draw the time between two games."""
        return self.rest_seconds * rng.uniform(0.5, 1.5) * self.slowdown

    @property
    def slowdown(self) -> float:
        """1 while acknowledgements are fast, more as they get slower."""
        return min(SLOWEST, max(1.0, self.ack_seconds / EASY_ACK_SECONDS))
