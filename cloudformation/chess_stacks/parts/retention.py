"""What outlives its stack: deletion policies by the profile's `keep_data`."""

from typing import Any

from chess_stacks.profile.model import Profile


def snapshot(profile: Profile) -> dict[str, Any]:
    """For databases and caches: a final snapshot, or nothing."""
    policy = "Snapshot" if profile.keep_data else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": "Snapshot"}


def retain(profile: Profile) -> dict[str, Any]:
    """For keys, buckets and secrets: what a snapshot needs to be read again must outlive it."""
    policy = "RetainExceptOnCreate" if profile.keep_data else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": "Retain"}


def delete() -> dict[str, Any]:
    """For what can be made again from elsewhere."""
    return {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
