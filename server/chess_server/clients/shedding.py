"""Whether this server is too busy for newcomers and spectators: a controller on the event loop's lag. Pure."""

from dataclasses import dataclass, replace

SMOOTHING = 0.2
MOST_OF_LIMIT = 2.0
"""One sample counts as at most so many times the limit: a single stall is no overload."""


@dataclass(frozen=True, slots=True)
class Shedding:
    """The smoothed lag. Sheds above `limit` seconds until it is below half of it; a limit of 0 never sheds."""

    limit: float
    lag: float = 0.0
    active: bool = False

    def measured(self, lag: float) -> "Shedding":
        """Take a sample: how many seconds late the event loop was."""
        if not self.limit:
            return self
        smoothed = self.lag + SMOOTHING * (min(lag, MOST_OF_LIMIT * self.limit) - self.lag)
        active = smoothed > (self.limit / 2 if self.active else self.limit)
        return replace(self, lag=smoothed, active=active)
