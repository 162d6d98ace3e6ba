"""`drift`: what was changed outside CloudFormation."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chess_stacks.account import drift as drifting
from chess_stacks.account import states
from chess_stacks.account.backoff import Backoff
from chess_stacks.account.drift import StackDrift
from chess_stacks.account.failure import CHANGES, OK, Failure
from chess_stacks.account.states import Approach
from chess_stacks.commands.options import Stacks
from chess_stacks.commands.report import plain
from chess_stacks.commands.session import Session, choose


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What `drift` found."""

    stacks: tuple[StackDrift, ...]
    unready: dict[str, str]

    @property
    def exit_code(self) -> int:
        """2 where something drifted."""
        return CHANGES if any(stack.drifted for stack in self.stacks) else OK

    def document(self) -> dict[str, Any]:
        """Return every stack's drift."""
        return {"drifted": self.exit_code == CHANGES, "stacks": plain(self.stacks), "unready": self.unready}

    def render(self, console: Console) -> None:
        """Print what drifted, what was ignored, and what could not be checked."""
        table = self._table()
        console.print(table if table.row_count else f"no drift in {len(self.stacks)} stacks")
        for stack in self.stacks:
            if stack.ignored:
                console.print(f"[dim]{stack.name}: left to the operator: {', '.join(stack.ignored)}[/]")
        for name, status in self.unready.items():
            console.print(f"{name}: not checked, it is {status}")
        unchecked = sorted({kind for stack in self.stacks for kind in stack.unchecked})
        if unchecked:
            console.print(f"[dim]drift detection does not support: {', '.join(unchecked)}[/]")

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        for heading in ("stack", "resource", "property", "expected", "actual"):
            table.add_column(heading, overflow="fold")
        for stack in self.stacks:
            for resource in stack.drifted:
                what = f"{resource.logical_id} ({resource.resource_type})"
                for prop in resource.properties or [None]:
                    cells = (
                        (prop.path, prop.expected, prop.actual) if prop else ("", "", resource.status.lower())
                    )
                    table.add_row(stack.name, what, *map(escape, cells))
        return table


def drift(
    session: Session,
    stack: Stacks = None,
) -> Drift:
    """Find what was changed outside CloudFormation; weights are the operator's to change."""
    environment = session.environment()
    chosen = choose(environment.assembly, stack)
    found: list[StackDrift] = []
    unready: dict[str, str] = {}
    for entry in environment.assembly.manifest:
        deployed = environment.find(entry.key) if entry.key in chosen else None
        if deployed is not None and states.approach(deployed.status) is Approach.UPDATE:
            found.append(drifting.detect(environment.cloud(entry.region), entry.key, entry.name, Backoff()))
        elif entry.key in chosen:
            unready[entry.name] = deployed.status if deployed else "not deployed"
    if not found:
        raise Failure(f"no stack of {environment.env} is deployed", "run `deploy` first")
    return Drift(stacks=tuple(found), unready=unready)
