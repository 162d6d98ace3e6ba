"""`explain`: what a profile turns on, and every setting with its reason."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from chess_stacks.account.failure import OK
from chess_stacks.commands.report import plain
from chess_stacks.commands.session import Session
from chess_stacks.synth import explanation
from chess_stacks.synth.explanation import Explanation


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What `explain` yields."""

    explanation: Explanation
    exit_code: int = OK

    def document(self) -> dict[str, Any]:
        """Return stacks and settings."""
        found: dict[str, Any] = plain(self.explanation)
        return found

    def render(self, console: Console) -> None:
        """Print what is on, what is off, and every setting with its reason."""
        found = self.explanation
        console.print(f"[bold]{found.profile}[/] → environment [bold]{found.env}[/] in {found.region}\n")
        table = Table(box=None, pad_edge=False)
        for heading in ("stack", "", "what it is"):
            table.add_column(heading)
        for stack in found.stacks:
            table.add_row(stack.key, "on" if stack.on else "[dim]off[/]", stack.title)
        console.print(table)
        settings = Table(box=None, pad_edge=False, title="\nsettings", title_justify="left")
        for heading in ("field", "value", "what it decides", "why so"):
            settings.add_column(heading, overflow="fold")
        for setting in found.settings:
            settings.add_row(setting.path, setting.value, setting.meaning, setting.why)
        console.print(settings)


def explain(session: Session) -> Explained:
    """Show what a profile turns on, and why."""
    return Explained(explanation=explanation.explain(session.profile()))
