"""Which resources hold data, and what of it outlives its stack: deletion policies by the profile's `keep_data`."""

from typing import Any, Final

from chess_stacks.profile.model import Profile

STATEFUL: Final = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::EFS::FileSystem",
        "AWS::EKS::Cluster",
        "AWS::ElastiCache::CacheCluster",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::ElastiCache::ServerlessCache",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::Route53::HostedZone",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
    }
)
"""Types that hold data: losing the resource loses something that no deployment makes again.

Their logical ids never change. Rules want a deletion policy on each, grading calls their loss data-loss, the stack
policy refuses it, and snapshots keep their whole bodies.
"""


def snapshot(profile: Profile) -> dict[str, Any]:
    """Return the policies of databases and caches: a final snapshot, or nothing."""
    policy = "Snapshot" if profile.keep_data else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": "Snapshot"}


def retain(profile: Profile) -> dict[str, Any]:
    """Return the policies of keys, buckets and secrets: what a snapshot needs to be read again must outlive it."""
    policy = "RetainExceptOnCreate" if profile.keep_data else "Delete"
    return {"DeletionPolicy": policy, "UpdateReplacePolicy": "Retain"}


def delete() -> dict[str, Any]:
    """Return the policies of what goes with its stack."""
    return {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
