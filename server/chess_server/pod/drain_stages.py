"""What a pod's drain is at, as a table of what is true now: nothing of an earlier drain is left in it. Pure.

| stage | what is done |
| --- | --- |
| serving | nothing: no drain is ordered |
| asking | clients are asked to reconnect elsewhere, in waves |
| closing | the deadline has come: what is left is closed, and has a moment to answer |
| over | nothing is left to do. After a mark the pod waits to be deleted, or taken back; after SIGTERM it ends |
"""

from dataclasses import dataclass, replace
from typing import Literal

FAREWELL_SECONDS = 2.5

Stage = Literal["serving", "asking", "closing", "over"]

STAGES: dict[tuple[bool, bool, bool], Stage] = {
    (False, True, False): "asking",
    (False, False, False): "over",
    (True, True, False): "closing",
    (True, False, False): "over",
    (True, True, True): "over",
    (True, False, True): "over",
}
"""(the deadline has come, clients are left, the moment to answer has passed) → stage of an ordered drain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainState:
    """A drain as ordered; no `deadline`: none is. `final`: it cannot be taken back. Times are monotonic seconds."""

    deadline: float | None = None
    final: bool = False
    closed_at: float | None = None
    """When those who were left at the deadline were closed."""

    def begin(self, deadline: float, *, final: bool) -> "DrainState":
        """Order a drain; of two orders the earlier deadline holds. A final one closes again what is left."""
        deadline = deadline if self.deadline is None else min(deadline, self.deadline)
        closed_at = None if final and not self.final else self.closed_at
        return DrainState(deadline=deadline, final=self.final or final, closed_at=closed_at)

    def cancel(self) -> "DrainState":
        """Take the drain back, unless it is final."""
        return self if self.final else DrainState()

    def closed(self, now: float) -> "DrainState":
        """Note that what was left has been closed."""
        return self if self.closed_at is not None else replace(self, closed_at=now)

    def stage(self, now: float, *, clients: bool) -> Stage:
        """Return the stage; `clients`: whether any are left."""
        if self.deadline is None:
            return "serving"
        late = now >= self.deadline
        waited = late and self.closed_at is not None and now >= self.closed_at + FAREWELL_SECONDS
        return STAGES[late, clients, waited]

    def finished(self, now: float, *, clients: bool) -> bool:
        """Whether this process may end."""
        return self.final and self.stage(now, clients=clients) == "over"
