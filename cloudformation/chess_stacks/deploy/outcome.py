"""What became of each stack, and what is reported meanwhile: the messages from an engine to the screen. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chess_stacks.account.records import Event
from chess_stacks.account.timeline import Span
from chess_stacks.deploy.grading import GradedChange

Verdict = Literal[
    "created", "updated", "unchanged", "deleted", "absent", "failed", "refused", "interrupted", "waiting"
]
GOOD: frozenset[Verdict] = frozenset({"created", "updated", "unchanged", "deleted", "absent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one stack's part."""

    key: str
    name: str
    verdict: Verdict
    status: str = ""
    seconds: float = 0.0
    reason: str = ""
    advice: str = ""
    changes: tuple[GradedChange, ...] = ()
    spans: tuple[Span, ...] = ()
    kept: tuple[str, ...] = ()
    """Resources that were left in the account on purpose."""

    @property
    def good(self) -> bool:
        """Whether the stacks that wait for this one may begin."""
        return self.verdict in GOOD


@dataclass(frozen=True, slots=True)
class Begun:
    """Work on a stack has begun, or a new stage of it."""

    key: str
    what: str


@dataclass(frozen=True, slots=True)
class Happened:
    """CloudFormation reports on a resource."""

    key: str
    event: Event


@dataclass(frozen=True, slots=True)
class Ended:
    """Work on a stack has ended."""

    outcome: Outcome


Message = Begun | Happened | Ended
Notify = Callable[[Message], None]
