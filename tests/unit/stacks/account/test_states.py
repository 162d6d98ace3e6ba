"""What a deployment does first about a stack in each state."""

import botocore.session
import pytest

from chess_stacks.account import states
from chess_stacks.account.states import Approach


@pytest.mark.parametrize(
    "status,expected",
    [
        ("", Approach.CREATE),
        ("REVIEW_IN_PROGRESS", Approach.CREATE),
        ("CREATE_IN_PROGRESS", Approach.WAIT),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", Approach.WAIT),
        ("DELETE_IN_PROGRESS", Approach.WAIT),
        ("UPDATE_ROLLBACK_COMPLETE", Approach.UPDATE),
        ("ROLLBACK_COMPLETE", Approach.CLEAR),
        ("CREATE_FAILED", Approach.CLEAR),
        ("UPDATE_ROLLBACK_FAILED", Approach.RECOVER),
        ("UPDATE_FAILED", Approach.UNDO),
        ("DELETE_FAILED", Approach.REFUSE),
    ],
)
def test_knows_what_to_do(status: str, expected: Approach) -> None:
    assert states.approach(status) is expected


def test_every_status_of_cloudformation_is_in_the_table() -> None:
    model = botocore.session.get_session().get_service_model("cloudformation")
    known = set(model.shape_for("StackStatus").enum)
    assert {status for status in known if not states.moving(status)} == set(states.APPROACH) - {""}
