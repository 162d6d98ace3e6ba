"""`diff`, `deploy` and `destroy`: what looks at the account and changes it."""

import time
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.console import Console

from chess_stacks.account import states, watch
from chess_stacks.account.environment import Environment
from chess_stacks.account.failure import CHANGES, ERROR, OK, REFUSED, Refused
from chess_stacks.account.states import Approach
from chess_stacks.commands import tables
from chess_stacks.commands.report import plain
from chess_stacks.commands.screen import Screen
from chess_stacks.commands.session import Session, choose
from chess_stacks.deploy import plan
from chess_stacks.deploy.engine import Engine
from chess_stacks.deploy.grading import Grade
from chess_stacks.deploy.outcome import Outcome
from chess_stacks.deploy.plan import Plan
from chess_stacks.destroy import drain, leftovers
from chess_stacks.destroy import engine as demolition
from chess_stacks.destroy.leftovers import Leftover

Stacks = Annotated[list[str] | None, typer.Option("--stack", help="only this stack; may be repeated")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What `diff` found: plans, stacks that could not be planned yet, and stacks that the profile has turned off."""

    plans: tuple[Plan, ...]
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
        """Print one table a changing stack."""
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
            console.print(f"\n{name} is there, but this profile turns it off; `destroy --stack` removes it")


def diff(session: Session, stack: Stacks = None) -> Difference:
    """Show what a deployment would change, graded property by property."""
    environment = session.environment()
    chosen = choose(environment.assembly, stack)
    plans: list[Plan] = []
    unplanned: dict[str, str] = {}
    for entry in environment.assembly.manifest:
        if entry.key in chosen:
            _plan_one(environment, entry.key, plans, unplanned)
    off = [key for key in environment.existing() if key not in environment.needs]
    return Difference(plans=tuple(plans), unplanned=unplanned, turned_off=tuple(sorted(off)))


def _plan_one(environment: Environment, key: str, plans: list[Plan], unplanned: dict[str, str]) -> None:
    entry = environment.entry(key)
    found = environment.find(key)
    step = states.approach(found.status if found else "")
    if step is Approach.CREATE:
        unplanned[entry.name] = f"not there yet: {entry.resources} resources would be created"
    elif step is not Approach.UPDATE:
        unplanned[entry.name] = f"is {found.status if found else ''}; `deploy` takes care of that first"
    else:
        try:
            made = plan.make(environment, key, watch.Pace())
        except plan.MissingInputs as missing:
            unplanned[entry.name] = missing.message
            return
        plan.discard(environment, made)
        plans.append(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of every stack."""

    outcomes: tuple[Outcome, ...]
    left: tuple[Leftover, ...] = ()
    unseen: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 3 where the only trouble was a refusal, 1 for any other."""
        verdicts = {outcome.verdict for outcome in self.outcomes if not outcome.good}
        if not verdicts:
            return OK
        return REFUSED if verdicts <= {"refused", "waiting"} and "refused" in verdicts else ERROR

    def document(self) -> dict[str, Any]:
        """Return every outcome, and what is left."""
        return {
            "ok": self.exit_code == OK,
            "stacks": [tables.outcome_document(outcome) for outcome in self.outcomes],
            "leftovers": plain(self.left),
            "not_looked_at": list(self.unseen),
        }

    def render(self, console: Console) -> None:
        """Print one row a stack, then what is left."""
        console.print(tables.outcomes_table(self.outcomes))
        kept = [f"{outcome.name}: {line}" for outcome in self.outcomes for line in outcome.kept]
        for title, lines in (
            ("kept on purpose", kept),
            ("still in the account", [str(item) for item in self.left]),
            ("could not be looked at", list(self.unseen)),
        ):
            if lines:
                console.print(f"\n[bold]{title}[/]")
                for line in lines:
                    console.print(f"  {line}", soft_wrap=True, markup=False)


def deploy(
    session: Session,
    stack: Stacks = None,
    allow_replace: Annotated[
        list[str] | None,
        typer.Option("--allow-replace", help="STACK/LOGICAL_ID that may lose its data; may be repeated"),
    ] = None,
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=16, help="stacks at once")] = 4,
) -> Run:
    """Create or update every stack, each after those it depends on."""
    environment = session.environment()
    chosen = choose(environment.assembly, stack)
    with Screen(session.aside, time.monotonic, quiet=not session.progress) as screen:
        engine = Engine(
            environment=environment,
            tell=screen.tell,
            clock=time.monotonic,
            allowed=frozenset(allow_replace or ()),
            parallel=parallel,
        )
        return Run(outcomes=tuple(engine.run(chosen)))


def destroy(  # noqa: PLR0913 (each is an option of its own)
    session: Session,
    stack: Stacks = None,
    *,
    confirm: Annotated[
        str | None, typer.Option("--confirm", help="the environment's name, instead of typing it")
    ] = None,
    retain: Annotated[
        list[str] | None,
        typer.Option("--retain", help="LOGICAL_ID to leave in the account when it cannot be deleted"),
    ] = None,
    unprotect: Annotated[
        bool,
        typer.Option(
            "--unprotect", help="lift termination protection of stacks and deletion protection in them"
        ),
    ] = False,
    empty_buckets: Annotated[bool, typer.Option("--empty-buckets", help="delete what buckets hold")] = False,
    drain_cluster: Annotated[
        bool,
        typer.Option("--drain/--no-drain", help="have Kubernetes give load balancers and volumes back first"),
    ] = True,
) -> Run:
    """Delete the environment: drain, delete in reverse order, list what is left."""
    environment = session.environment()
    _ask(session, environment.env, confirm)
    with Screen(session.aside, time.monotonic, quiet=not session.progress) as screen:
        work = demolition.Demolition(
            environment=environment,
            tell=screen.tell,
            clock=time.monotonic,
            retain=frozenset(retain or ()),
            unprotect=unprotect,
            empty_buckets=empty_buckets,
        )
        chosen = work.look(frozenset(stack) if stack else None)
        if drain_cluster and "eks-control" in chosen:
            _drain(work, environment)
        outcomes = work.run(chosen)
    left, unseen = leftovers.find(environment) if not stack else ((), ())
    return Run(outcomes=tuple(outcomes), left=left, unseen=unseen)


def _drain(work: demolition.Demolition, environment: Environment) -> None:
    """Drain a cluster that is about to go; what stays would get the deletion stuck."""
    name, region = demolition.cluster(environment)
    left = work.drain(lambda: drain.connect(environment.clients, name, region))
    if left:
        raise Refused(
            f"the cluster {name} still holds things in AWS: {'; '.join(left)}",
            f"{demolition.UNTOUCHED}; run the same command to wait on, {demolition.UNDRAINED}",
        )


def _ask(session: Session, env: str, confirm: str | None) -> None:
    if confirm is None and session.aside.is_terminal:
        confirm = session.aside.input(
            f"This deletes environment [bold]{env}[/]. Type its name to go on: "
        ).strip()
    if confirm != env:
        raise Refused(
            f"destroy: {confirm!r} is not the environment's name" if confirm else "destroy: not confirmed",
            f"type {env} when asked, or add --confirm {env}",
        )
