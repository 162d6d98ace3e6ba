"""Rules on what is kept: encrypted at rest, with a stated end, and never deleted by accident."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from chess_stacks.parts.retention import STATEFUL
from chess_stacks.rules.finding import Finding
from chess_stacks.rules.template import Body, of_type


def _volumes(properties: Mapping[str, Any]) -> bool:
    mappings = properties["LaunchTemplateData"].get("BlockDeviceMappings", ())
    return bool(mappings) and all(mapping.get("Ebs", {}).get("Encrypted") for mapping in mappings)


def _instance(properties: Mapping[str, Any]) -> bool:
    """Return whether an instance encrypts its storage, or shares that of a cluster or source."""
    inherits = "DBClusterIdentifier" in properties or "SourceDBInstanceIdentifier" in properties
    return inherits or _true(properties, "StorageEncrypted", "KmsKeyId")


def _true(properties: Mapping[str, Any], flag: str, key: str) -> bool:
    return properties.get(flag) is True and key in properties


_ENCRYPTED: Final[Mapping[str, Callable[[Mapping[str, Any]], bool]]] = {
    "AWS::RDS::DBCluster": lambda p: _true(p, "StorageEncrypted", "KmsKeyId"),
    "AWS::RDS::DBInstance": _instance,
    "AWS::ElastiCache::ReplicationGroup": lambda p: (
        _true(p, "AtRestEncryptionEnabled", "KmsKeyId") and p.get("TransitEncryptionEnabled") is True
    ),
    "AWS::ElastiCache::ServerlessCache": lambda p: "KmsKeyId" in p,
    "AWS::ElastiCache::CacheCluster": lambda _: False,
    "AWS::S3::Bucket": lambda p: bool(p.get("BucketEncryption")),
    "AWS::ECR::Repository": lambda p: p.get("EncryptionConfiguration", {}).get("EncryptionType") == "KMS",
    "AWS::SecretsManager::Secret": lambda p: "KmsKeyId" in p,
    "AWS::Logs::LogGroup": lambda p: "KmsKeyId" in p,
    "AWS::SQS::Queue": lambda p: bool(p.get("SqsManagedSseEnabled") or p.get("KmsMasterKeyId")),
    "AWS::SNS::Topic": lambda p: "KmsMasterKeyId" in p,
    "AWS::EKS::Cluster": lambda p: bool(p.get("EncryptionConfig")),
    "AWS::EC2::LaunchTemplate": _volumes,
    "AWS::EC2::Volume": lambda p: p.get("Encrypted") is True,
    "AWS::EFS::FileSystem": lambda p: p.get("Encrypted") is True,
    "AWS::DynamoDB::Table": lambda p: bool(p.get("SSESpecification")),
}


def at_rest(stack: str, body: Body) -> Iterator[Finding]:
    """Require encryption of everything that keeps data."""
    for kind, encrypted in _ENCRYPTED.items():
        for logical_id, properties in of_type(body, kind):
            if not encrypted(properties):
                yield Finding(
                    stack=stack, rule="C010", resource=logical_id, message=f"{kind} is not encrypted at rest"
                )


def keys(stack: str, body: Body) -> Iterator[Finding]:
    """Require keys to rotate."""
    for logical_id, properties in of_type(body, "AWS::KMS::Key"):
        if properties.get("EnableKeyRotation") is not True:
            yield Finding(stack=stack, rule="C011", resource=logical_id, message="does not rotate")


def retention(stack: str, body: Body) -> Iterator[Finding]:
    """Require a policy for the deletion and replacement of what holds data, and an end to logs."""
    for logical_id, resource in body["Resources"].items():
        if resource["Type"] in STATEFUL and not {"DeletionPolicy", "UpdateReplacePolicy"} <= resource.keys():
            yield Finding(
                stack=stack,
                rule="C012",
                resource=logical_id,
                message="has no policy for its deletion and replacement",
            )
    for logical_id, properties in of_type(body, "AWS::Logs::LogGroup"):
        if "RetentionInDays" not in properties:
            yield Finding(stack=stack, rule="C012", resource=logical_id, message="keeps logs forever")
