"""How long a player thinks.

One pace serves a whole fleet and slows down with the service, so that a small machine is
never asked for more than it can do: a benchmark of patience, not of overload.
"""

from dataclasses import dataclass
from random import Random

EASY_ACK_SECONDS = 0.15  # acknowledged this quickly, nobody is hurried too much
SLOWEST = 4.0
MEMORY = 0.98


@dataclass(slots=True)
class Pace:
    """Seconds a move, on average, and how that adapts."""

    think_seconds: float = 1.0
    rest_seconds: float = 0.5  # between two games
    ack_seconds: float = 0.0  # moving average of the time to the acknowledgement

    def observe(self, ack_seconds: float) -> None:
        """Learn how quickly moves are acknowledged at present."""
        self.ack_seconds = MEMORY * self.ack_seconds + (1 - MEMORY) * ack_seconds

    def think(self, rng: Random) -> float:
        """Draw the time for one move."""
        return self.think_seconds * rng.uniform(0.5, 1.5) * self.slowdown

    def rest(self, rng: Random) -> float:
        """Draw the time between two games."""
        return self.rest_seconds * rng.uniform(0.5, 1.5) * self.slowdown

    @property
    def slowdown(self) -> float:
        """1 as long as acknowledgements are prompt, more as they get slower."""
        return min(SLOWEST, max(1.0, self.ack_seconds / EASY_ACK_SECONDS))
