"""What `deploy` and `destroy` share: whatever happens to a stack becomes an outcome, and is reported once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from botocore import exceptions as aws

from chess_stacks.account.backoff import Interrupted
from chess_stacks.account.failure import Failure, Refused
from chess_stacks.account.records import Deployed
from chess_stacks.deploy.outcome import Ended, Message, Outcome
from chess_stacks.deploy.runner import Job, Runner


@dataclass
class Standing:
    """Stands where `CloudFormation` does, with one stack that is being deleted."""

    def find(self, name: str) -> Deployed:
        return Deployed(name=name, stack_id="arn:1", status="DELETE_IN_PROGRESS")


def job(key: str, *needs: str) -> Job:
    cloud: Any = Standing()
    return Job(key=key, name=f"chess-dev-{key}", cloud=cloud, needs=frozenset(needs))


def run(work: Callable[[Job], Outcome], *jobs: Job) -> tuple[list[Outcome], list[Message]]:
    messages: list[Message] = []
    ticks = iter(range(100))
    runner = Runner(notify=messages.append, clock=lambda: float(next(ticks)), parallel=1)

    def reason(waiting: Job, done: Mapping[str, Outcome]) -> str:
        return f"{waiting.key} waits; done: {sorted(done)}"

    return runner.run({one.key: one for one in jobs}, work, "deleting", reason), messages


def failing(error: Exception) -> Callable[[Job], Outcome]:
    def work(_job: Job) -> Outcome:
        raise error

    return work


DENIED = aws.ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteStack")


@pytest.mark.parametrize(
    "error,verdict,expected",
    [
        (Interrupted(), "interrupted", "you stopped waiting"),
        (Refused("not this"), "refused", "not this"),
        (Failure("it broke"), "failed", "it broke"),
        (DENIED, "failed", "deleting chess-dev-a: a permission is missing"),
    ],
    ids=["interrupted", "refused", "failed", "denied"],
)
def test_an_error_becomes_an_outcome(error: Exception, verdict: str, expected: str) -> None:
    (outcome,), _ = run(failing(error), job("a"))
    assert outcome.verdict == verdict
    assert expected in outcome.reason


def test_an_interrupted_stack_is_reported_as_the_account_has_it() -> None:
    (outcome,), _ = run(failing(Interrupted()), job("a"))
    assert (outcome.status, outcome.name) == ("DELETE_IN_PROGRESS", "chess-dev-a")


def test_each_outcome_is_timed_and_reported() -> None:
    (outcome,), messages = run(lambda it: Outcome(key=it.key, name=it.name, verdict="deleted"), job("a"))
    assert outcome.seconds == 1.0
    assert messages == [Ended(outcome)]


def test_what_never_began_names_what_it_waits_for() -> None:
    outcomes, messages = run(failing(Failure("it broke")), job("a"), job("b", "a"))
    assert [(outcome.key, outcome.verdict) for outcome in outcomes] == [("a", "failed"), ("b", "waiting")]
    assert outcomes[1].reason == "b waits; done: ['a']"
    assert len(messages) == 1
