"""What AWS does on a bad day: throttling, stuck rollbacks, expired tokens, a user who stops waiting."""

import threading

import pytest

from chess_stacks.account.backoff import Backoff
from chess_stacks.deploy.outcome import Begun

from .conftest import Account

pytestmark = pytest.mark.aws


def stages(account: Account) -> list[str]:
    return [message.what for message in account.messages if isinstance(message, Begun)]


def test_throttled_polls_are_waited_out(account: Account) -> None:
    account.stack("UPDATE_IN_PROGRESS")  # looking ahead: it moves, so there is nothing to plan yet
    account.stack("UPDATE_IN_PROGRESS").stack("UPDATE_IN_PROGRESS").events()
    for _ in range(3):
        account.error("describe_stacks", "Throttling", "Rate exceeded")
    account.stack("UPDATE_COMPLETE").events()
    account.stack("UPDATE_COMPLETE").stack("UPDATE_COMPLETE").unchanged()
    account.stack("UPDATE_COMPLETE").stack("UPDATE_COMPLETE")
    outcome = account.deploy()
    assert outcome.verdict == "unchanged"
    assert stages(account)[0] == "picking up what is under way (UPDATE_IN_PROGRESS)"
    assert account.naps[:3] == sorted(account.naps[:3]), "each pause is at least as long as the one before"


def test_throttled_events_do_not_end_a_deployment(account: Account) -> None:
    account.stack("UPDATE_IN_PROGRESS")
    account.stack("UPDATE_IN_PROGRESS").stack("UPDATE_IN_PROGRESS")
    account.error("describe_stack_events", "Throttling")
    account.stack("UPDATE_COMPLETE").error("describe_stack_events", "Throttling")
    account.stack("UPDATE_COMPLETE").stack("UPDATE_COMPLETE").unchanged()
    account.stack("UPDATE_COMPLETE").stack("UPDATE_COMPLETE")
    assert account.deploy().verdict == "unchanged"


def test_a_stuck_rollback_is_continued_first(account: Account) -> None:
    account.stack("UPDATE_ROLLBACK_FAILED")
    account.stack("UPDATE_ROLLBACK_FAILED").stack("UPDATE_ROLLBACK_FAILED").events()
    account.answer("continue_update_rollback", {})
    account.stack("UPDATE_ROLLBACK_COMPLETE").events()
    account.stack("UPDATE_ROLLBACK_COMPLETE").stack("UPDATE_ROLLBACK_COMPLETE").unchanged()
    account.stack("UPDATE_ROLLBACK_COMPLETE").stack("UPDATE_ROLLBACK_COMPLETE")
    assert account.deploy().verdict == "unchanged"
    assert stages(account)[0].startswith("continuing a stuck rollback")


def test_a_rollback_that_stays_stuck_is_refused_with_its_reason(account: Account) -> None:
    account.stack("UPDATE_ROLLBACK_FAILED")
    account.stack("UPDATE_ROLLBACK_FAILED").stack("UPDATE_ROLLBACK_FAILED").events()
    account.answer("continue_update_rollback", {})
    account.stack("UPDATE_ROLLBACK_FAILED").events()
    account.stack("UPDATE_ROLLBACK_FAILED", reason="The following resource(s) failed to update: [Database].")
    outcome = account.deploy()
    assert outcome.verdict == "refused"
    assert "[Database]" in outcome.reason
    assert "same command" in outcome.advice


def test_a_failed_update_without_rollback_is_rolled_back(account: Account) -> None:
    account.stack("UPDATE_FAILED").stack("UPDATE_FAILED").stack("UPDATE_FAILED").events()
    account.answer("rollback_stack", {"StackId": STACK_ID})
    account.stack("UPDATE_ROLLBACK_COMPLETE").events()
    account.stack("UPDATE_ROLLBACK_COMPLETE").stack("UPDATE_ROLLBACK_COMPLETE").unchanged()
    account.stack("UPDATE_ROLLBACK_COMPLETE").stack("UPDATE_ROLLBACK_COMPLETE")
    assert account.deploy().verdict == "unchanged"


def test_a_token_that_expires_while_waiting_reports_that_cloudformation_goes_on(account: Account) -> None:
    account.stack("UPDATE_IN_PROGRESS")
    account.stack("UPDATE_IN_PROGRESS").stack("UPDATE_IN_PROGRESS").events()
    account.error("describe_stacks", "ExpiredToken", "The security token included in the request is expired")
    outcome = account.deploy()
    assert outcome.verdict == "failed"
    assert "waiting for chess-dev-network: the credentials have expired" in outcome.reason
    assert "continues where it stopped" in outcome.advice


def test_a_user_who_stops_waiting_loses_nothing(account: Account) -> None:
    stop = threading.Event()
    backoff = Backoff(stop=stop, sleep=lambda _seconds: stop.set())
    account.stack("CREATE_IN_PROGRESS")
    account.stack("CREATE_IN_PROGRESS").stack("CREATE_IN_PROGRESS").events()
    account.stack("CREATE_IN_PROGRESS").events()
    account.stack("CREATE_IN_PROGRESS")
    outcome = account.deploy(backoff=backoff)
    assert (outcome.verdict, outcome.status) == ("interrupted", "CREATE_IN_PROGRESS")
    assert "run the same command again" in outcome.advice


def test_a_missing_permission_is_named(account: Account) -> None:
    account.absent().absent().absent()
    account.error(
        "create_change_set", "AccessDenied", "not authorized to perform: cloudformation:CreateChangeSet"
    )
    outcome = account.deploy()
    assert outcome.verdict == "failed"
    assert "cloudformation:CreateChangeSet" in outcome.reason
    assert "permission" in outcome.advice


def test_a_name_that_somebody_else_has_taken_is_refused(account: Account) -> None:
    account.stack("CREATE_COMPLETE", tags=[])
    with pytest.raises(Exception, match="chess-stacks did not make it") as caught:
        account.deploy()
    assert caught.value.exit_code == 3  # type: ignore[attr-defined]


def test_a_stack_that_cannot_be_deleted_is_refused(account: Account) -> None:
    account.stack("DELETE_FAILED").stack(
        "DELETE_FAILED", reason="The following resource(s) failed to delete: [Vpc]."
    )
    outcome = account.deploy()
    assert outcome.verdict == "refused"
    assert "[Vpc]" in outcome.reason


STACK_ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/chess-dev-network/0a1b"
