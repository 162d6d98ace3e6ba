"""`outputs`: what the stacks hand to GitOps, as Helm values."""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.console import Console

from chess_stacks.account.environment import Environment
from chess_stacks.account.failure import OK, Failure
from chess_stacks.commands import files
from chess_stacks.commands.session import Session
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
    files.write(out, text)
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
