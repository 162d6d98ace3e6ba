"""What a deployment does first about a stack in each of CloudFormation's states, as a table. Pure."""

from enum import Enum
from typing import Final


class Approach(Enum):
    """The first step towards a deployed stack."""

    CREATE = "create"
    UPDATE = "update"
    WAIT = "wait"
    CLEAR = "clear"
    """A create that failed left a stack that can only be deleted."""
    RECOVER = "recover"
    """A rollback got stuck: continue it."""
    UNDO = "undo"
    """An update failed with rollback off: roll it back."""
    REFUSE = "refuse"


APPROACH: Final = {
    "": Approach.CREATE,
    "DELETE_COMPLETE": Approach.CREATE,
    "REVIEW_IN_PROGRESS": Approach.CREATE,
    "CREATE_COMPLETE": Approach.UPDATE,
    "UPDATE_COMPLETE": Approach.UPDATE,
    "UPDATE_ROLLBACK_COMPLETE": Approach.UPDATE,
    "IMPORT_COMPLETE": Approach.UPDATE,
    "IMPORT_ROLLBACK_COMPLETE": Approach.UPDATE,
    "CREATE_FAILED": Approach.CLEAR,
    "ROLLBACK_COMPLETE": Approach.CLEAR,
    "ROLLBACK_FAILED": Approach.CLEAR,
    "UPDATE_ROLLBACK_FAILED": Approach.RECOVER,
    "UPDATE_FAILED": Approach.UNDO,
    "DELETE_FAILED": Approach.REFUSE,
    "IMPORT_ROLLBACK_FAILED": Approach.REFUSE,
}


def approach(status: str) -> Approach:
    """Return what to do first about a stack in `status`; an empty status means that it does not exist."""
    return Approach.WAIT if moving(status) else APPROACH.get(status, Approach.REFUSE)


def moving(status: str) -> bool:
    """Return whether CloudFormation is still at work; a stack under review only waits for its change set."""
    return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
