"""Which meters a resource runs, read off its template."""

from decimal import Decimal
from typing import Any

import pytest

from chess_stacks.cost import meters


def quantities(resource: dict[str, Any], **others: Any) -> dict[str, Decimal | None]:
    body = {"Resources": {"It": resource, **others}}
    return {meter.key: meter.quantity for meter in meters.read(resource, body)}


@pytest.mark.parametrize(
    "resource,others,expected",
    [
        pytest.param(
            {
                "Type": "AWS::EKS::Nodegroup",
                "Properties": {
                    "ScalingConfig": {"DesiredSize": 3},
                    "InstanceTypes": ["m7g.large", "m6g.large"],
                    "CapacityType": "ON_DEMAND",
                    "LaunchTemplate": {"Id": {"Ref": "Template"}},
                },
            },
            {
                "Template": {
                    "Type": "AWS::EC2::LaunchTemplate",
                    "Properties": {
                        "LaunchTemplateData": {"BlockDeviceMappings": [{"Ebs": {"VolumeSize": 50}}]}
                    },
                }
            },
            {"ec2:m7g.large": Decimal(2190), "ebs:gp3": Decimal(150)},
            id="nodes-and-their-volumes",
        ),
        pytest.param(
            {
                "Type": "AWS::EKS::Nodegroup",
                "Properties": {
                    "ScalingConfig": {"DesiredSize": 2},
                    "InstanceTypes": ["t4g.medium"],
                    "CapacityType": "SPOT",
                },
            },
            {},
            {"ec2-spot:t4g.medium": None},
            id="a-spot-price-moves",
        ),
        pytest.param(
            {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {
                    "DBInstanceClass": "db.t4g.micro",
                    "Engine": "postgres",
                    "AllocatedStorage": "20",
                    "MultiAZ": True,
                },
            },
            {},
            {"rds:postgres:db.t4g.micro": Decimal(1460), "rds:gp3": Decimal(40), "rds:backup": None},
            id="a-standby-doubles",
        ),
        pytest.param(
            {
                "Type": "AWS::RDS::DBInstance",
                "Properties": {
                    "DBInstanceClass": "db.t4g.micro",
                    "Engine": "postgres",
                    "SourceDBInstanceIdentifier": {"Fn::GetAtt": ["Primary", "DBInstanceArn"]},
                },
            },
            {"Primary": {"Type": "AWS::RDS::DBInstance", "Properties": {"AllocatedStorage": "30"}}},
            {"rds:postgres:db.t4g.micro": Decimal(730), "rds:gp3": Decimal(30), "rds:backup": None},
            id="a-replica-is-as-large-as-its-source",
        ),
        pytest.param(
            {
                "Type": "AWS::ElastiCache::ReplicationGroup",
                "Properties": {
                    "Engine": "valkey",
                    "CacheNodeType": "cache.r7g.large",
                    "NumNodeGroups": 3,
                    "ReplicasPerNodeGroup": 1,
                },
            },
            {},
            {"cache:valkey:cache.r7g.large": Decimal(4380)},
            id="shards-times-copies",
        ),
        pytest.param(
            {
                "Type": "AWS::EC2::VPCEndpoint",
                "Properties": {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b", "c"]},
            },
            {},
            {"endpoint:interface": Decimal(2190), "endpoint:data": None},
            id="an-endpoint-in-each-zone",
        ),
        pytest.param(
            {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Gateway"}},
            {},
            {},
            id="gateway-endpoints-are-free",
        ),
    ],
)
def test_reads_quantities_off_the_template(
    resource: dict[str, Any], others: dict[str, Any], expected: dict[str, Decimal | None]
) -> None:
    assert quantities(resource, **others) == expected


def test_an_idle_serverless_database_costs_its_floor() -> None:
    writer = {
        "Type": "AWS::RDS::DBInstance",
        "Properties": {"DBInstanceClass": "db.serverless", "DBClusterIdentifier": {"Ref": "Cluster"}},
    }
    scaling = {"ServerlessV2ScalingConfiguration": {"MinCapacity": 0.5, "MaxCapacity": 4}}
    body = {
        "Resources": {"Writer": writer, "Cluster": {"Type": "AWS::RDS::DBCluster", "Properties": scaling}}
    }
    assert [meter.quantity for meter in meters.read(writer, body)] == [Decimal(365), None]
