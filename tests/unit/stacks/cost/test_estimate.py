"""Cost: what is fixed, what depends on use, and what has no price."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chess_stacks.cost import estimate, prices
from chess_stacks.cost.prices import Price, Prices
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
    assert [item.reason for item in found.unpriced] == ["no meter for AWS::Made::Up"]


def test_a_price_of_another_region_does_not_count() -> None:
    rows = table(price("nat:gateway", "0.045", region="eu-central-1"))
    assert estimate.estimate(assembly(Nat={"Type": "AWS::EC2::NatGateway"}), rows).monthly == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_type_of_every_profile_has_a_rule(name: str) -> None:
    found = estimate.estimate(synthesis.synthesize(load(name)), prices.shipped())
    assert not [item for item in found.unpriced if item.reason.startswith("no rule")]
    assert found.monthly > 0
