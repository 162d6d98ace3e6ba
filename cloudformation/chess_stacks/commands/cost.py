"""`cost`: what an environment costs a month, from a dated snapshot of prices."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from chess_stacks.account.failure import OK
from chess_stacks.commands.report import plain
from chess_stacks.commands.session import Session
from chess_stacks.cost import estimate, prices
from chess_stacks.cost.estimate import Estimate

OWN_PRICES = Path("chess-prices.csv")
_STALE_DAYS = 180
Sheet = Annotated[Path, typer.Option("--prices", help="a CSV of your own, laid over the shipped prices")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What `cost` yields."""

    profile: str
    found: Estimate
    today: datetime.date
    exit_code: int = OK

    def document(self) -> dict[str, Any]:
        """Return every line, and the total of what is known."""
        return {
            "profile": self.profile,
            "currency": "USD",
            "monthly_fixed": float(self.found.monthly),
            "complete": not self.found.unpriced,
            "oldest_price": str(self.found.oldest),
            "fixed": plain(self.found.fixed),
            "usage": plain(self.found.usage),
            "unpriced": plain(self.found.unpriced),
        }

    def render(self, console: Console) -> None:
        """Print fixed costs, usage rates, and what has no price."""
        fixed = _table("stack", "what", "quantity", "unit price", "USD per month", title="fixed")
        for line in self.found.fixed:
            cells = (f"{line.quantity:f}", f"{line.usd:f} / {line.unit}", f"{line.monthly:.2f}")
            fixed.add_row(line.stack, f"{line.resource}: {line.what}", *cells)
        console.print(fixed)
        usage = _table("what", "unit price", "where", title="\nby use")
        for what, where in _by_meter(self.found).items():
            usage.add_row(*what, ", ".join(sorted(where)))
        console.print(usage)
        if self.found.unpriced:
            unpriced = _table("stack", "what", "why", title="\nwithout a price, and in no total")
            for item in self.found.unpriced:
                unpriced.add_row(item.stack, f"{item.resource}: {item.what}", item.reason)
            console.print(unpriced)
        self._sum(console)

    def _sum(self, console: Console) -> None:
        rest = (
            f", without the {len(self.found.unpriced)} lines that have no price"
            if self.found.unpriced
            else ""
        )
        console.print(f"\n[bold]{self.found.monthly} USD per month before anybody plays[/]{rest}")
        second = {
            line.source for line in (*self.found.fixed, *self.found.usage) if line.kind == "second-hand"
        }
        if self.found.oldest is not None:
            console.print(f"oldest price: {self.found.oldest}; {len(second)} sources are second-hand")
            if (self.today - self.found.oldest).days > _STALE_DAYS:
                console.print(
                    "[yellow]prices are older than half a year: `chess-stacks cost refresh` asks AWS[/]"
                )


def cost(session: Session, table: Sheet = OWN_PRICES) -> Cost:
    """Estimate the monthly cost from the price snapshot; needs no network."""
    found = estimate.estimate(session.assembly(), prices.load(table))
    return Cost(profile=session.profile_name, found=found, today=session.today())


def _by_meter(found: Estimate) -> dict[tuple[str, str], set[str]]:
    rows: dict[tuple[str, str], set[str]] = {}
    for line in found.usage:
        rows.setdefault((line.what, f"{line.usd:f} / {line.unit}"), set()).add(line.stack)
    return rows


def _table(*headings: str, title: str) -> Table:
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for heading in headings:
        numeric = heading in ("quantity", "USD per month")
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    return table
