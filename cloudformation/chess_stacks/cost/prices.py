"""The price snapshot: one row per price, each with its source and a day.

The day is the one that the source names (of its page, its table, its commit); where it names none, the one on which it
was read. `generated` rows come from a table that was generated from AWS's own Pricing API; `second-hand` rows from a
page about it; `api` rows from the Pricing API itself, by `cost refresh`. A price without a row is unknown: nothing is
guessed.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from importlib import resources
from pathlib import Path
from typing import Any

ANYWHERE = "*"


class PricesError(Exception):
    """A table of prices that cannot be read; it names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price."""

    key: str
    region: str
    unit: str
    usd: Decimal
    source: str
    read: date
    kind: str


@dataclass(frozen=True, slots=True)
class Prices:
    """A table of prices by key and region."""

    table: Mapping[tuple[str, str], Price]

    def find(self, key: str, region: str) -> Price | None:
        """Return a region's price, or the one that holds in every region."""
        return self.table.get((key, region)) or self.table.get((key, ANYWHERE))

    def with_rows(self, rows: Iterable[Price]) -> "Prices":
        """Return this table with `rows` laid over it."""
        return Prices({**self.table, **{(row.key, row.region): row for row in rows}})


def shipped() -> Prices:
    """Read the table that the package ships."""
    text = resources.files("chess_stacks").joinpath("cost", "prices.csv").read_text(encoding="utf-8")
    return Prices({}).with_rows(parse(text, "prices.csv"))


def load(path: Path | None) -> Prices:
    """Read the shipped table, with a user's own rows over it."""
    if path is None or not path.exists():
        return shipped()
    return shipped().with_rows(parse(path.read_text(encoding="utf-8"), str(path)))


def parse(text: str, name: str) -> list[Price]:
    """Read a CSV table; a bad row is named by its line."""
    found = []
    for number, row in enumerate(csv.DictReader(io.StringIO(text)), start=2):
        try:
            found.append(_price(row))
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            raise PricesError(
                f"{name}: line {number} is not a price ({type(error).__name__}: {error})"
            ) from None
    return found


def write(prices: Iterable[Price]) -> str:
    """Write rows as CSV."""
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, [field.name for field in fields(Price)], lineterminator="\n")
    writer.writeheader()
    for price in prices:
        writer.writerow({**asdict(price), "usd": f"{price.usd.normalize():f}"})
    return sheet.getvalue()


def _price(row: Mapping[str, Any]) -> Price:
    return Price(
        key=row["key"],
        region=row["region"],
        unit=row["unit"],
        usd=Decimal(row["usd"]),
        source=row["source"],
        read=date.fromisoformat(row["read"]),
        kind=row["kind"],
    )
