"""`cost refresh`: update the prices by asking AWS."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from chess_stacks.account.failure import OK
from chess_stacks.commands import files
from chess_stacks.commands.cost import OWN_PRICES, Sheet
from chess_stacks.commands.report import plain
from chess_stacks.commands.session import Session
from chess_stacks.cost import meters, prices, refresh
from chess_stacks.cost.refresh import Refreshed
from chess_stacks.synth.synthesis import Assembly


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What `cost refresh` yields."""

    found: Refreshed
    file: str
    exit_code: int = OK

    def document(self) -> dict[str, Any]:
        """Return what was found and what was not."""
        return {"file": self.file, "prices": plain(self.found.prices), "missing": list(self.found.missing)}

    def render(self, console: Console) -> None:
        """Print how many prices are new, and which are missing."""
        console.print(f"{len(self.found.prices)} prices in {self.file}", soft_wrap=True)
        if self.found.missing:
            console.print(f"AWS gave no single price for: {', '.join(self.found.missing)}", soft_wrap=True)


def cost_refresh(session: Session, table: Sheet = OWN_PRICES) -> Refresh:
    """Ask AWS's Pricing API for the prices that this profile needs, into a CSV of your own."""
    assembly = session.assembly()
    client = session.clients().get("pricing", refresh.PRICING_REGION)
    found = refresh.refresh(client, _keys(assembly), assembly.profile.region, session.today())
    kept = prices.parse(table.read_text(encoding="utf-8"), str(table)) if table.exists() else []
    merged = prices.Prices({}).with_rows([*kept, *found.prices])
    files.write(table, prices.write(merged.table.values()), "--prices")
    return Refresh(found=found, file=str(table))


def _keys(assembly: Assembly) -> set[str]:
    found: set[str] = set()
    for body in assembly.templates.values():
        for resource in body["Resources"].values():
            try:
                found |= {meter.key for meter in meters.read(resource, body)}
            except meters.Unmetered:
                continue
    return found
