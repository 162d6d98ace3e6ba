"""`doctor`: whether this machine and this account can deploy this profile."""

from dataclasses import dataclass
from importlib import metadata
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chess_stacks.account import checkup
from chess_stacks.account.checkup import Check
from chess_stacks.account.failure import ERROR, OK
from chess_stacks.commands.report import plain
from chess_stacks.commands.session import Session

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "unknown": "magenta"}
_TOOLS = ("boto3", "troposphere", "cfn-lint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What `doctor` found."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """1 where a check failed; one that could not be made does not fail, and is not ok either."""
        return ERROR if any(check.verdict == "fail" for check in self.checks) else OK

    def document(self) -> dict[str, Any]:
        """Return every check."""
        return {"ok": self.exit_code == OK, "checks": plain(self.checks)}

    def render(self, console: Console) -> None:
        """Print one row per check."""
        table = Table(box=None, pad_edge=False)
        for heading in ("check", "", "detail"):
            table.add_column(heading, overflow="fold")
        for check in self.checks:
            colour = _COLOURS[check.verdict]
            table.add_row(check.name, f"[{colour}]{check.verdict}[/]", escape(check.detail))
        console.print(table)


def doctor(session: Session) -> Diagnosis:
    """Check credentials, regions, quotas and versions before anything is deployed."""
    tools = [Check(name=name, verdict="ok", detail=metadata.version(name)) for name in _TOOLS]
    return Diagnosis(checks=(*tools, *checkup.run(session.assembly(), session.clients(), session.today())))
