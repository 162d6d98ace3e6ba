"""What outlives its stack."""

import pytest
from stack_bodies import make


@pytest.mark.parametrize("keep", [True, False])
def test_what_holds_data_stays_or_goes_by_the_profile(*, keep: bool) -> None:
    made = make("prod", {"keep_data": keep})
    policies = {
        made["data-rds"]["Resources"]["Cluster"]["DeletionPolicy"],
        made["data-cache"]["Resources"]["ReplicationGroup"]["DeletionPolicy"],
    }
    assert policies == {"Snapshot" if keep else "Delete"}
    key = made["security"]["Resources"]["DataKey"]["DeletionPolicy"]
    assert key == ("RetainExceptOnCreate" if keep else "Delete"), (
        "a snapshot is worth nothing without its key"
    )
