"""`lint`: cfn-lint in three regions and this project's own rules, without what is waived with a reason and a date."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chess_stacks.account.failure import ERROR, OK
from chess_stacks.commands.report import plain
from chess_stacks.commands.session import Session
from chess_stacks.rules import cfn, own, waivers
from chess_stacks.rules.waivers import Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """What `lint` found."""

    stacks: int
    settlement: Settlement

    @property
    def exit_code(self) -> int:
        """1 where a finding stands."""
        return ERROR if self.settlement.standing else OK

    def document(self) -> dict[str, Any]:
        """Return what stands, and what is waived with its reason."""
        return {
            "stacks": self.stacks,
            "findings": plain(self.settlement.standing),
            "waived": [
                {**plain(finding), "reason": waiver.reason, "since": str(waiver.since)}
                for finding, waiver in self.settlement.waived
            ],
        }

    def render(self, console: Console) -> None:
        """Print what stands; count what is waived."""
        table = Table(box=None, pad_edge=False)
        for heading in ("stack", "resource", "rule", "finding"):
            table.add_column(heading, overflow="fold")
        for finding in self.settlement.standing:
            table.add_row(finding.stack, finding.resource, finding.rule, escape(finding.message))
        if self.settlement.standing:
            console.print(table)
        count, waived = len(self.settlement.standing), len(self.settlement.waived)
        console.print(
            f"{count} findings in {self.stacks} stacks; {waived} waived, each with a reason and a date"
        )


def lint(session: Session) -> Lint:
    """Check every template with cfn-lint (three regions) and our own rules."""
    assembly = session.assembly()
    found = (*own.inspect(assembly), *cfn.lint(assembly))
    return Lint(
        stacks=len(assembly.manifest),
        settlement=waivers.settle(assembly.profile.name, found, waivers.load()),
    )
