"""`diff`: what a deployment would change, graded property by property."""

from dataclasses import dataclass
from typing import Any

from rich.console import Console

from chess_stacks.account import states
from chess_stacks.account.backoff import Backoff
from chess_stacks.account.environment import Environment
from chess_stacks.account.failure import CHANGES, OK
from chess_stacks.account.states import Approach
from chess_stacks.commands import tables
from chess_stacks.commands.options import Stacks
from chess_stacks.commands.session import Session, choose
from chess_stacks.deploy import plan
from chess_stacks.deploy.grading import Grade
from chess_stacks.deploy.plan import StackPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """What `diff` found: plans, stacks that could not be planned yet, and stacks that the profile has turned off."""

    plans: tuple[StackPlan, ...]
    unplanned: dict[str, str]
    turned_off: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """2 where a deployment would do something."""
        return CHANGES if self.unplanned or any(found.kind != "none" for found in self.plans) else OK

    def document(self) -> dict[str, Any]:
        """Return every stack's changes."""
        return {
            "grade": max((found.grade for found in self.plans), default=Grade.NONE).label,
            "stacks": [
                {
                    "stack": found.key,
                    "name": found.name,
                    "action": found.kind,
                    "grade": found.grade.label,
                    "changes": [tables.change_document(graded) for graded in found.changes],
                    "template": tables.difference_documents(found.differences),
                }
                for found in self.plans
            ],
            "unplanned": self.unplanned,
            "turned_off": list(self.turned_off),
        }

    def render(self, console: Console) -> None:
        """Print one table per changing stack."""
        for found in self.plans:
            if found.kind == "none":
                console.print(f"[dim]{found.name}: no changes[/]")
                continue
            console.print(f"\n[bold]{found.name}[/]: {found.kind}, {len(found.changes)} resources")
            console.print(tables.changes_table(found.changes, found.differences))
            for line in tables.other_differences(found.differences):
                console.print(line, markup=False, soft_wrap=True)
        for name, reason in self.unplanned.items():
            console.print(f"\n[bold]{name}[/]: {reason}")
        for name in self.turned_off:
            console.print(
                f"\n{name} is deployed, but this profile turns it off; `destroy --stack` removes it"
            )


def diff(session: Session, stack: Stacks = None) -> Diff:
    """Show what a deployment would change, graded property by property."""
    environment = session.environment()
    chosen = choose(environment.assembly, stack)
    plans: list[StackPlan] = []
    unplanned: dict[str, str] = {}
    for entry in environment.assembly.manifest:
        if entry.key in chosen:
            _plan_one(environment, entry.key, plans, unplanned)
    off = [key for key in environment.existing() if key not in environment.needs]
    return Diff(plans=tuple(plans), unplanned=unplanned, turned_off=tuple(sorted(off)))


def _plan_one(environment: Environment, key: str, plans: list[StackPlan], unplanned: dict[str, str]) -> None:
    entry = environment.entry(key)
    found = environment.find(key)
    step = states.approach(found.status if found else "")
    if step is Approach.CREATE:
        unplanned[entry.name] = f"not deployed yet: {entry.resources} resources would be created"
    elif step is not Approach.UPDATE:
        unplanned[entry.name] = f"is {found.status if found else ''}; `deploy` repairs that first"
    else:
        try:
            made = plan.make(environment, key, Backoff())
        except plan.MissingInputs as missing:
            unplanned[entry.name] = missing.message
            return
        plan.discard(environment, made)
        plans.append(made)
