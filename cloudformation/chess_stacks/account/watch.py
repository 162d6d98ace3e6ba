"""Wait for CloudFormation, and report what happens meanwhile.

A throttled poll is waited out; an expired token or a lost network ends the wait with a sentence that says that
CloudFormation itself goes on.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore import exceptions as aws

from chess_stacks.account import failure, states
from chess_stacks.account.backoff import Backoff
from chess_stacks.account.changes import ChangeSet
from chess_stacks.account.cloudformation import CloudFormation
from chess_stacks.account.records import Deployed, Event

_MADE = ("CREATE_COMPLETE", "FAILED")


@dataclass(slots=True)
class Follower:
    """Reads a stack's events as they come, each once."""

    cloud: CloudFormation
    stack: str
    notify: Callable[[Event], None]
    seen: set[str] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)

    def skip_past(self) -> None:
        """Skip the events that happened before now."""
        self.seen = {event.event_id for event in self._fresh()}

    def catch_up(self) -> None:
        """Report the events that are new, the oldest first."""
        for event in reversed(self._fresh()):
            self.seen.add(event.event_id)
            self.events.append(event)
            self.notify(event)

    def _fresh(self) -> list[Event]:
        newest_first = self.cloud.events(self.stack)
        try:
            return list(itertools.takewhile(lambda event: event.event_id not in self.seen, newest_first))
        except aws.ClientError as error:
            # Events are for show: a deployment goes on without them when the stack is gone or the call is throttled.
            if failure.code_of(error) in ({"ValidationError"} | failure.THROTTLED):
                return []
            raise


def until_settled(
    cloud: CloudFormation, stack_id: str, follower: Follower, backoff: Backoff
) -> Deployed | None:
    """Wait until nothing moves; return the stack, or None when it is gone."""
    turn = 0
    while True:
        found, known = _look(cloud, stack_id)
        if known:
            follower.catch_up()
            if found is None or not states.moving(found.status):
                return found
        backoff.pause(turn)
        turn += 1


def until_made(cloud: CloudFormation, stack: str, name: str, backoff: Backoff) -> tuple[str, str, ChangeSet]:
    """Wait until a change set is made or has failed; return its status, the reason and the changes."""
    turn = 0
    while True:
        try:
            answer = cloud.change_set(stack, name)
        except aws.ClientError as error:
            if failure.code_of(error) not in failure.THROTTLED:
                raise
        else:
            if answer[0] in _MADE:
                return answer
        backoff.pause(turn)
        turn += 1


def _look(cloud: CloudFormation, stack_id: str) -> tuple[Deployed | None, bool]:
    try:
        return cloud.find(stack_id), True
    except aws.ClientError as error:
        if failure.code_of(error) in failure.THROTTLED:
            return None, False
        raise failure.explain(error, f"waiting for {_short(stack_id)}") from error
    except aws.BotoCoreError as error:
        raise failure.explain(error, f"waiting for {_short(stack_id)}") from error


def _short(stack_id: str) -> str:
    return stack_id.split("/")[1] if "/" in stack_id else stack_id
