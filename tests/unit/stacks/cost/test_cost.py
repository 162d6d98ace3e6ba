"""Cost: what is fixed, what depends on use, and what has no price."""

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from chess_stacks.cost import estimate, meters, prices, refresh
from chess_stacks.cost.prices import Price, Prices, PricesError
from chess_stacks.profile.load import NAMES, load
from chess_stacks.synth import synthesis

TODAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Entry:
    key: str = "stack"
    region: str = "us-east-1"


@dataclass(frozen=True)
class Assembly:
    templates: dict[str, Any]
    manifest: tuple[Entry, ...] = (Entry(),)


def assembly(**resources: Any) -> Any:
    return Assembly(templates={"stack": {"Resources": resources}})


def price(key: str, usd: str, region: str = "us-east-1") -> Price:
    return Price(key=key, region=region, unit="hour", usd=Decimal(usd), source="here", read=TODAY, kind="api")


def table(*rows: Price) -> Prices:
    return Prices({}).with_rows(rows)


def quantities(resource: dict[str, Any], **others: Any) -> dict[str, Decimal | None]:
    body = {"Resources": {"It": resource, **others}}
    return {meter.key: meter.quantity for meter in meters.read(resource, body)}


def test_a_fixed_meter_is_summed_and_usage_is_not() -> None:
    rows = table(price("nat:gateway", "0.045"), price("nat:data", "0.045"))
    found = estimate.estimate(assembly(Nat={"Type": "AWS::EC2::NatGateway"}), rows)
    assert found.monthly == Decimal("32.85")
    assert [line.key for line in found.usage] == ["nat:data"]
    assert found.unpriced == ()


def test_what_has_no_price_is_listed_and_in_no_sum() -> None:
    found = estimate.estimate(assembly(Nat={"Type": "AWS::EC2::NatGateway"}), table())
    assert found.monthly == 0
    assert {item.what for item in found.unpriced} == {"NAT gateway", "data through it"}


def test_a_type_without_a_rule_is_listed_and_not_free() -> None:
    found = estimate.estimate(assembly(It={"Type": "AWS::Made::Up"}), table())
    assert [item.reason for item in found.unpriced] == ["no rule says how AWS::Made::Up is charged"]


def test_a_price_of_another_region_does_not_count() -> None:
    rows = table(price("nat:gateway", "0.045", region="eu-central-1"))
    assert estimate.estimate(assembly(Nat={"Type": "AWS::EC2::NatGateway"}), rows).monthly == 0


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


@pytest.mark.parametrize("name", NAMES)
def test_every_type_of_every_profile_has_a_rule(name: str) -> None:
    found = estimate.estimate(synthesis.synthesize(load(name)), prices.shipped())
    assert not [item for item in found.unpriced if item.reason.startswith("no rule")]
    assert found.monthly > 0


def test_every_shipped_price_names_its_source_and_day() -> None:
    rows = prices.shipped().table.values()
    assert all(row.source and row.read <= TODAY and row.usd > 0 for row in rows)
    assert {row.kind for row in rows} <= {"generated", "second-hand", "api"}


def test_a_users_prices_lie_over_the_shipped_ones(tmp_path: Any) -> None:
    own = tmp_path / "own.csv"
    own.write_text(prices.write([price("nat:gateway", "0.040")]), encoding="utf-8")
    found = prices.load(own).find("nat:gateway", "us-east-1")
    assert found is not None
    assert found.usd == Decimal("0.040")


def test_a_bad_row_is_named_by_its_line() -> None:
    text = "key,region,unit,usd,source,read,kind\nnat:gateway,us-east-1,hour,cheap,here,2026-11-21,api\n"
    with pytest.raises(PricesError, match=r"^own\.csv: line 2 is no price"):
        prices.parse(text, "own.csv")


def product(*usd: str) -> str:
    dimensions = {str(number): {"pricePerUnit": {"USD": value}} for number, value in enumerate(usd)}
    return json.dumps({"terms": {"OnDemand": {"term": {"priceDimensions": dimensions}}}})


@pytest.mark.parametrize(
    "products,expected",
    [
        pytest.param([product("0.0960")], Decimal("0.096"), id="one"),
        pytest.param([product("0.0960"), product("0.096")], Decimal("0.096"), id="the-same-twice"),
        pytest.param([product("0.0000"), product("0.096")], Decimal("0.096"), id="reserved-rows-are-zero"),
        pytest.param([product("0.096"), product("0.192")], None, id="two-prices-are-none"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_only_an_unambiguous_price_is_taken(products: list[str], expected: Decimal | None) -> None:
    assert refresh.one_price(json.loads(entry) for entry in products) == expected


def test_refresh_asks_the_pricing_api_and_lists_what_it_did_not_find() -> None:
    client = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        asked = {"ServiceCode": "AmazonEC2", "Filters": ANY, "FormatVersion": "aws_v1"}
        stub.add_response("get_products", {"PriceList": [product("0.0816")]}, asked)
        found = refresh.refresh(client, ["ec2:m7g.large", "s3:storage"], "us-east-1", TODAY)
        stub.assert_no_pending_responses()
    assert [(row.key, row.usd, row.kind) for row in found.prices] == [
        ("ec2:m7g.large", Decimal("0.0816"), "api")
    ]
    assert found.missing == ("s3:storage",)
