"""Ask AWS's Pricing API for the prices that an environment's meters need.

Each meter is asked for by the filters below. A meter without filters, or with an answer that is not one price, is
listed and left as it was: a wrong price is worse than an old one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from chess_stacks.cost.prices import Price

PRICING_REGION: Final = "us-east-1"
_SOURCE: Final = "AWS Pricing API, GetProducts"
Query = tuple[str, dict[str, str], str]
"""Service code, attribute filters, unit."""

_ALB: Final = {"operation": "LoadBalancing:Application"}
_AURORA: Final = {"databaseEngine": "Aurora PostgreSQL"}
_FIXED: Final[Mapping[str, Query]] = {
    "eks:cluster": ("AmazonEKS", {"usagetype": "{prefix}AmazonEKS-Hours:perCluster"}, "hour"),
    "nat:gateway": (
        "AmazonEC2",
        {"group": "NGW:NatGateway", "usagetype": "{prefix}NatGateway-Hours"},
        "hour",
    ),
    "nat:data": ("AmazonEC2", {"group": "NGW:NatGateway", "usagetype": "{prefix}NatGateway-Bytes"}, "GB"),
    "ipv4:address": ("AmazonVPC", {"usagetype": "{prefix}PublicIPv4:InUseAddress"}, "hour"),
    "endpoint:interface": ("AmazonVPC", {"usagetype": "{prefix}VpcEndpoint-Hours"}, "hour"),
    "alb:hour": (
        "AWSELB",
        {"usagetype": "{prefix}LoadBalancerUsage", **_ALB},
        "hour",
    ),
    "alb:lcu": (
        "AWSELB",
        {"usagetype": "{prefix}LCUUsage", **_ALB},
        "LCU-hour",
    ),
    "ebs:gp3": ("AmazonEC2", {"usagetype": "{prefix}EBS:VolumeUsage.gp3"}, "GB-month"),
    "kms:key": ("awskms", {"usagetype": "{region}-KMS-Keys"}, "month"),
    "secret": ("AWSSecretsManager", {"usagetype": "{prefix}AWSSecretsManager-Secrets"}, "month"),
    "rds:gp3": (
        "AmazonRDS",
        {
            "usagetype": "{prefix}RDS:GP3-Storage",
            "databaseEngine": "PostgreSQL",
            "deploymentOption": "Single-AZ",
        },
        "GB-month",
    ),
    "aurora:acu": (
        "AmazonRDS",
        {"usagetype": "{prefix}Aurora:ServerlessV2Usage", **_AURORA},
        "ACU-hour",
    ),
    "aurora:storage": (
        "AmazonRDS",
        {"usagetype": "{prefix}Aurora:StorageUsage", **_AURORA},
        "GB-month",
    ),
    "aurora:io": (
        "AmazonRDS",
        {"usagetype": "{prefix}Aurora:StorageIOUsage", **_AURORA},
        "million requests",
    ),
}
_PER_MILLION: Final = frozenset({"aurora:io"})
"""Meters that the API prices each, and this table by the million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh found, and what it did not."""

    prices: tuple[Price, ...]
    missing: tuple[str, ...]


def query(key: str) -> Query | None:
    """Return how to ask for a meter's price."""
    if key in _FIXED:
        return _FIXED[key]
    family, _, rest = key.partition(":")
    if family == "ec2":
        shape = {
            "operatingSystem": "Linux",
            "tenancy": "Shared",
            "preInstalledSw": "NA",
            "capacitystatus": "Used",
        }
        return "AmazonEC2", {"instanceType": rest, **shape}, "hour"
    if family in ("rds", "aurora") and rest.startswith("postgres:"):
        engine = {"rds": "PostgreSQL", "aurora": "Aurora PostgreSQL"}[family]
        shape = {"databaseEngine": engine, "deploymentOption": "Single-AZ"}
        return "AmazonRDS", {"instanceType": rest.removeprefix("postgres:"), **shape}, "hour"
    if family == "cache":
        engine, _, size = rest.partition(":")
        return "AmazonElastiCache", {"instanceType": size, "cacheEngine": engine.capitalize()}, "hour"
    return None


def refresh(client: Any, keys: Iterable[str], region: str, today: date) -> Refreshed:
    """Ask for each key in one region."""
    found: list[Price] = []
    missing: list[str] = []
    for key in sorted(set(keys)):
        asked = query(key)
        usd = None if asked is None else one_price(_ask(client, asked, region))
        if asked is None or usd is None:
            missing.append(key)
            continue
        scale = 1_000_000 if key in _PER_MILLION else 1
        found.append(
            Price(
                key=key, region=region, unit=asked[2], usd=usd * scale, source=_SOURCE, read=today, kind="api"
            )
        )
    return Refreshed(prices=tuple(found), missing=tuple(missing))


def one_price(products: Iterable[Mapping[str, Any]]) -> Decimal | None:
    """Return the one on-demand price above zero that these products agree on."""
    prices = {
        Decimal(dimension["pricePerUnit"]["USD"])
        for product in products
        for term in product.get("terms", {}).get("OnDemand", {}).values()
        for dimension in term["priceDimensions"].values()
        if "USD" in dimension["pricePerUnit"]
    } - {Decimal(0)}
    return prices.pop() if len(prices) == 1 else None


def _ask(client: Any, asked: Query, region: str) -> list[Mapping[str, Any]]:
    service, attributes, _ = asked
    words = {"region": region, "prefix": _prefix(region)}
    wanted = {"regionCode": region, **{name: value.format(**words) for name, value in attributes.items()}}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in wanted.items()]
    answer = client.get_products(ServiceCode=service, Filters=filters, FormatVersion="aws_v1")
    return [json.loads(product) if isinstance(product, str) else product for product in answer["PriceList"]]


_PREFIXES: Final = {
    "us-east-1": "",
    "us-east-2": "USE2-",
    "us-west-1": "USW1-",
    "us-west-2": "USW2-",
    "eu-west-1": "EU-",
    "eu-west-2": "EUW2-",
    "eu-west-3": "EUW3-",
    "eu-central-1": "EUC1-",
    "eu-north-1": "EUN1-",
    "ap-southeast-1": "APS1-",
    "ap-southeast-2": "APS2-",
    "ap-northeast-1": "APN1-",
    "ap-south-1": "APS3-",
    "ca-central-1": "CAN1-",
    "sa-east-1": "SAE1-",
}


def _prefix(region: str) -> str:
    """Return the region's billing code, with which usage types outside us-east-1 begin."""
    return _PREFIXES.get(region, f"{region}-")
