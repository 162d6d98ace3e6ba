"""`chess-stacks`: the composition root of the command line.

Exit codes: 0 ok, 1 error (also a mistyped option), 2 changes or drift were found, 3 refused.
"""

import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer

from chess_stacks.account.failure import ERROR
from chess_stacks.commands.cost import cost
from chess_stacks.commands.cost_refresh import cost_refresh
from chess_stacks.commands.deploy import deploy
from chess_stacks.commands.destroy import destroy
from chess_stacks.commands.diff import diff
from chess_stacks.commands.doctor import doctor
from chess_stacks.commands.drift import drift
from chess_stacks.commands.explain import explain
from chess_stacks.commands.graph import graph
from chess_stacks.commands.lint import lint
from chess_stacks.commands.options import unless_sub, verb
from chess_stacks.commands.outputs import outputs
from chess_stacks.commands.synth import synth

# typer carries click within itself in some versions and beside itself in others; the class is reached the same way.
_MISTYPED: type[Any] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

app = typer.Typer(
    name="chess-stacks",
    help="The AWS layer of ChessCluster: from an empty account to an environment, and back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer passes the option's value
    if wanted:
        typer.echo(f"chess-stacks {version('chesscluster')}")
        raise typer.Exit


@app.callback()
def shared(
    context: typer.Context,
    _version: Annotated[  # noqa: FBT002 - typer makes an option of it
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="show the version")
    ] = False,
    endpoint_url: Annotated[
        str | None,
        typer.Option("--endpoint-url", help="send every AWS call there", envvar="AWS_ENDPOINT_URL"),
    ] = None,
) -> None:
    """Take the AWS layer of ChessCluster from an empty account to an environment, and back."""
    context.obj = {"endpoint_url": endpoint_url}


for command in (synth, lint, diff, deploy, destroy, drift, outputs, doctor, graph, explain):
    app.command()(verb(command))

pricing = typer.Typer(help="Estimate the monthly cost, or ask AWS for prices.", invoke_without_command=True)
pricing.callback()(unless_sub(verb(cost)))
pricing.command("refresh")(verb(cost_refresh))
app.add_typer(pricing, name="cost")


def main() -> None:
    """Run the command line; a mistyped option is an error (1), because 2 means changes."""
    try:
        code = app(standalone_mode=False)
    except _MISTYPED as error:
        error.show()
        code = ERROR
    except typer.Abort:
        code = ERROR
    sys.exit(code or 0)
