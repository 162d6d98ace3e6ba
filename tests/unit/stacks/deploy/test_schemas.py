"""Which changes replace a resource, by the registry schemas."""

import pytest

from chess_stacks.deploy import schemas


@pytest.mark.parametrize(
    "resource_type,name,expected",
    [
        ("AWS::EKS::Nodegroup", "InstanceTypes", "Always"),
        ("AWS::EKS::Nodegroup", "ScalingConfig", "Never"),
        ("AWS::RDS::DBCluster", "KmsKeyId", "Always"),
        ("AWS::ElastiCache::ReplicationGroup", "AtRestEncryptionEnabled", "Always"),
        ("AWS::Made::Up", "Anything", "Never"),
    ],
)
def test_reads_create_only_properties(resource_type: str, name: str, expected: str) -> None:
    assert schemas.recreation("us-east-1", resource_type, name) == expected


def test_an_unknown_region_is_no_error() -> None:
    assert schemas.recreation("xx-nowhere-1", "AWS::EKS::Nodegroup", "InstanceTypes") == "Never"
