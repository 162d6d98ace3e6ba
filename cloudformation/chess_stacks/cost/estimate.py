"""Meters times prices: what a month costs before anybody plays, what playing costs, and what has no price. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from chess_stacks.cost import meters, refresh
from chess_stacks.cost.prices import Price, Prices
from chess_stacks.synth.synthesis import Assembly

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One priced meter; `monthly` is None for usage."""

    stack: str
    resource: str
    what: str
    key: str
    quantity: Decimal | None
    unit: str
    usd: Decimal
    monthly: Decimal | None
    source: str
    read: date
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpriced:
    """One meter or resource that has no price here."""

    stack: str
    resource: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The whole bill as far as it is known."""

    fixed: tuple[Line, ...]
    usage: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...]

    @property
    def monthly(self) -> Decimal:
        """Sum of what is fixed and priced."""
        return sum((line.monthly for line in self.fixed if line.monthly is not None), Decimal(0)).quantize(
            _CENT
        )

    @property
    def oldest(self) -> date | None:
        """The day of the oldest price that went in."""
        return min((line.read for line in (*self.fixed, *self.usage)), default=None)


def estimate(assembly: Assembly, prices: Prices) -> Estimate:
    """Estimate every stack of an assembly."""
    lines: list[Line] = []
    unpriced: list[Unpriced] = []
    for found in _walk(assembly, prices):
        if isinstance(found, Line):
            lines.append(found)
        else:
            unpriced.append(found)
    return Estimate(
        fixed=tuple(line for line in lines if line.monthly is not None),
        usage=tuple(line for line in lines if line.monthly is None),
        unpriced=tuple(unpriced),
    )


def _walk(assembly: Assembly, prices: Prices) -> Iterator[Line | Unpriced]:
    for entry in assembly.manifest:
        body = assembly.templates[entry.key]
        for name, resource in body["Resources"].items():
            try:
                found = meters.read(resource, body)
            except meters.Unmetered as error:
                yield Unpriced(stack=entry.key, resource=name, what=resource["Type"], reason=error.reason)
                continue
            for meter in found:
                yield _line(entry.key, name, meter, prices.find(meter.key, entry.region), entry.region)


def _line(
    stack: str, resource: str, meter: meters.Meter, price: Price | None, region: str
) -> Line | Unpriced:
    if price is None:
        hope = "; `cost refresh` asks AWS for it" if refresh.query(meter.key) else ""
        reason = f"no price for {meter.key} in {region}{hope}"
        return Unpriced(stack=stack, resource=resource, what=meter.what, reason=reason)
    return Line(
        stack=stack,
        resource=resource,
        what=meter.what,
        key=meter.key,
        quantity=meter.quantity,
        unit=price.unit,
        usd=price.usd,
        monthly=None if meter.quantity is None else meter.quantity * price.usd,
        source=price.source,
        read=price.read,
        kind=price.kind,
    )
