"""Asking AWS's Pricing API: one price or none, and what was not found is listed."""

import json
from datetime import date
from decimal import Decimal

import boto3
import pytest
from botocore.stub import ANY, Stubber

from chess_stacks.cost import refresh

TODAY = date(2026, 11, 21)


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
