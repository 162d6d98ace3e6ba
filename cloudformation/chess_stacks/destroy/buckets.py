"""What buckets hold: CloudFormation deletes an empty bucket only."""

from typing import Any


def empty(s3: Any, bucket: str) -> None:
    """Delete every version of every object, and the marks of those that were deleted."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        objects = [
            {"Key": entry["Key"], "VersionId": entry["VersionId"]}
            for entry in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        ]
        if objects:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
