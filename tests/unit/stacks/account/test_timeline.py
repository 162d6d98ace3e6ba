"""Events become steps with times, and the cause is kept apart from what it cascades to."""

from datetime import UTC, datetime, timedelta

from chess_stacks.account import timeline
from chess_stacks.account.records import Event

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def event(
    second: int, logical_id: str, status: str, reason: str = "", kind: str = "AWS::S3::Bucket"
) -> Event:
    return Event(
        event_id=f"{logical_id}-{second}-{status}",
        logical_id=logical_id,
        resource_type=kind,
        physical_id="",
        status=status,
        reason=reason,
        at=START + timedelta(seconds=second),
    )


def test_a_step_lasts_from_its_first_event_to_its_last() -> None:
    (step,) = timeline.spans(
        [event(0, "Bucket", "CREATE_IN_PROGRESS"), event(7, "Bucket", "CREATE_COMPLETE")]
    )
    assert (step.status, step.seconds) == ("CREATE_COMPLETE", 7)


def test_a_step_under_way_has_no_length_yet() -> None:
    (step,) = timeline.spans([event(0, "Bucket", "CREATE_IN_PROGRESS")])
    assert step.seconds is None


def test_a_rollback_is_timed_by_itself() -> None:
    (step,) = timeline.spans(
        [
            event(0, "Bucket", "CREATE_IN_PROGRESS"),
            event(5, "Bucket", "CREATE_COMPLETE"),
            event(60, "Bucket", "DELETE_IN_PROGRESS"),
            event(62, "Bucket", "DELETE_COMPLETE"),
        ]
    )
    assert (step.status, step.seconds) == ("DELETE_COMPLETE", 2)


def test_the_stack_itself_is_no_step() -> None:
    assert timeline.spans([event(0, "chess-dev-network", "CREATE_IN_PROGRESS", kind=timeline.STACK)]) == ()


def test_the_cause_is_reported_and_what_it_cancelled_is_not() -> None:
    causes = timeline.root_cause(
        [
            event(1, "Cache", "CREATE_FAILED", "no such node type"),
            event(1, "Alarm", "CREATE_FAILED", "Resource creation cancelled"),
            event(2, "Cache", "DELETE_FAILED", "a later trouble"),
        ]
    )
    assert causes == ("Cache (AWS::S3::Bucket): no such node type",)
