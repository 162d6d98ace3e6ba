"""The table of prices: dated, with sources, and a user's own rows over it."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chess_stacks.cost import prices
from chess_stacks.cost.prices import Price, PricesError

TODAY = date(2026, 11, 21)


def test_every_shipped_price_names_its_source_and_day() -> None:
    rows = prices.shipped().table.values()
    assert all(row.source and row.read <= TODAY and row.usd > 0 for row in rows)
    assert {row.kind for row in rows} <= {"generated", "second-hand", "api"}


def test_a_users_prices_lie_over_the_shipped_ones(tmp_path: Any) -> None:
    cheap = Price(
        key="nat:gateway",
        region="us-east-1",
        unit="hour",
        usd=Decimal("0.040"),
        source="here",
        read=TODAY,
        kind="api",
    )
    own = tmp_path / "own.csv"
    own.write_text(prices.write([cheap]), encoding="utf-8")
    found = prices.load(own).find("nat:gateway", "us-east-1")
    assert found is not None
    assert found.usd == Decimal("0.040")


def test_a_bad_row_is_named_by_its_line() -> None:
    text = "key,region,unit,usd,source,read,kind\nnat:gateway,us-east-1,hour,cheap,here,2026-11-21,api\n"
    with pytest.raises(PricesError, match=r"^own\.csv: line 2 is not a price"):
        prices.parse(text, "own.csv")
