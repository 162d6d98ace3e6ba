"""`outputs`, `drift` and `lint`: what looks and changes nothing."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chess_stacks.account import drift as drifting
from chess_stacks.account import states, watch
from chess_stacks.account.drift import StackDrift
from chess_stacks.account.environment import Environment
from chess_stacks.account.failure import CHANGES, OK, Failure
from chess_stacks.account.states import Approach
from chess_stacks.commands.report import plain
from chess_stacks.commands.session import Session, choose
from chess_stacks.synth import values


class View(StrEnum):
    """What `outputs` prints."""

    VALUES = "values"
    RAW = "raw"
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What `outputs` yields."""

    tree: dict[str, Any]
    file: str | None = None
    exit_code: int = OK

    def document(self) -> dict[str, Any]:
        """Return the document itself."""
        return self.tree

    def render(self, console: Console) -> None:
        """Print the document as YAML, as Helm takes it, or where it went."""
        if self.file:
            console.print(self.file, soft_wrap=True)
        else:
            print(_yaml(self.tree), end="", file=console.file)


def outputs(
    session: Session,
    view: Annotated[
        View, typer.Option("--view", help="GitOps values, raw stack outputs, or the schema")
    ] = View.VALUES,
    out: Annotated[Path | None, typer.Option("--out", help="file to write; .json or YAML")] = None,
) -> Outputs:
    """Render the GitOps values of an environment: endpoints, ARNs and secret ARNs, never a secret."""
    tree = values.published_schema() if view is View.SCHEMA else _tree(session.environment(), view)
    if out is None:
        return Outputs(tree=tree)
    text = json.dumps(tree, indent=2) + "\n" if out.suffix == ".json" else _yaml(tree)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"--out {out}: {error.strerror or error}") from error
    return Outputs(tree=tree, file=str(out))


def _tree(environment: Environment, view: View) -> dict[str, Any]:
    found = {key: dict(environment.outputs(key)) for key in environment.needs}
    if view is View.RAW:
        return found
    profile = environment.assembly.profile
    identity = {"environment": profile.env, "account": environment.account, "region": profile.region}
    try:
        return values.render(identity, found)
    except values.ValuesError as error:
        raise Failure(
            f"the outputs of {profile.env} do not make values:\n{error}", "run `deploy` first"
        ) from None


def _yaml(tree: dict[str, Any]) -> str:
    head = f"# Values of chess-stacks, schema {values.VERSION}. Rendered by `chess-stacks outputs`; do not edit.\n"
    return (head if "schema" in tree else "") + str(yaml.safe_dump(tree, sort_keys=False, width=110))


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
        """Print what drifted, what was ignored, and what nobody could look at."""
        table = self._table()
        console.print(table if table.row_count else f"no drift in {len(self.stacks)} stacks")
        for stack in self.stacks:
            if stack.ignored:
                console.print(f"[dim]{stack.name}: left to the operator: {', '.join(stack.ignored)}[/]")
        for name, status in self.unready.items():
            console.print(f"{name}: not looked at, it is {status}")
        unchecked = sorted({kind for stack in self.stacks for kind in stack.unchecked})
        if unchecked:
            console.print(f"[dim]cannot be looked at: {', '.join(unchecked)}[/]")

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
    stack: Annotated[
        list[str] | None, typer.Option("--stack", help="only this stack; may be repeated")
    ] = None,
) -> Drift:
    """Find what was changed behind CloudFormation's back; the operator's weights are its own."""
    environment = session.environment()
    chosen = choose(environment.assembly, stack)
    found: list[StackDrift] = []
    unready: dict[str, str] = {}
    for entry in environment.assembly.manifest:
        deployed = environment.find(entry.key) if entry.key in chosen else None
        if deployed is not None and states.approach(deployed.status) is Approach.UPDATE:
            found.append(
                drifting.detect(environment.cloud(entry.region), entry.key, entry.name, watch.Pace())
            )
        elif entry.key in chosen:
            unready[entry.name] = deployed.status if deployed else "not there"
    if not found:
        raise Failure(f"no stack of {environment.env} is deployed", "run `deploy` first")
    return Drift(stacks=tuple(found), unready=unready)
