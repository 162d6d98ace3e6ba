"""The options that all verbs or several have, and the frame around each: read them, run, print, exit.

typer reads a function's signature; `verb` hands it one with the common options added, so that each verb states only its
own.
"""

import inspect
import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from botocore import exceptions as aws
from rich.console import Console

from chess_stacks.account import failure
from chess_stacks.commands.report import Report
from chess_stacks.commands.session import Output, Session
from chess_stacks.cost.prices import PricesError
from chess_stacks.profile.load import NAMES, ProfileError

_COMMON: dict[str, tuple[Any, Any]] = {
    "profile": (
        Annotated[
            str, typer.Option("--profile", "-p", help=f"one of {', '.join(NAMES)}", envvar="CHESS_PROFILE")
        ],
        "dev",
    ),
    "overlay": (
        Annotated[Path | None, typer.Option("--overlay", "-f", help="YAML laid over the profile")],
        None,
    ),
    "env": (
        Annotated[str | None, typer.Option("--env", help="environment name; default: the profile's")],
        None,
    ),
    "output": (Annotated[Output, typer.Option("--output", "-o", help="text or json")], Output.TEXT),
    "endpoint_url": (
        Annotated[str | None, typer.Option("--endpoint-url", help="send every AWS call there")],
        None,
    ),
}
DEBUG = "CHESS_STACKS_DEBUG"
Stacks = Annotated[list[str] | None, typer.Option("--stack", help="only this stack; may be repeated")]


def verb(function: Callable[..., Report]) -> Callable[..., None]:
    """Frame a verb: a function of a Session and its own options that returns a Report."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]

    def framed(context: typer.Context, **given: Any) -> None:
        session = _session(context, {name: given.pop(name) for name in _COMMON})
        raise typer.Exit(
            run(session, function.__name__.replace("_", " "), lambda: function(session, **given))
        )

    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        for name, (kind, default) in _COMMON.items()
    ]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    mine = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    parameters = [context, *mine, *common]
    framed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    framed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    framed.__doc__ = function.__doc__
    framed.__name__ = function.__name__
    return framed


def unless_sub(framed: Callable[..., None]) -> Callable[..., None]:
    """Leave the work to a sub-verb where one was named (`cost refresh`)."""

    def chosen(context: typer.Context, **given: Any) -> None:
        if context.invoked_subcommand is None:
            framed(context, **given)

    for attribute in ("__signature__", "__annotations__", "__doc__", "__name__"):
        setattr(chosen, attribute, getattr(framed, attribute))
    return chosen


def run(session: Session, name: str, work: Callable[[], Report]) -> int:
    """Do the work, print its report, and return the exit code; no error leaves as a traceback."""
    try:
        report = work()
    except (failure.Failure, ProfileError, PricesError) as error:
        return _complain(session, error)
    except (aws.ClientError, aws.BotoCoreError) as error:
        return _complain(session, failure.explain(error, name))
    except KeyboardInterrupt:
        return _complain(session, failure.Failure("stopped", "run the same command again to continue"))
    except Exception as error:  # noqa: BLE001 - the last frame: whatever it is, the user gets a sentence
        if os.environ.get(DEBUG):
            session.aside.print(failure.redact(traceback.format_exc()), markup=False, highlight=False)
        return _complain(session, failure.explain(error, f"unexpected (set {DEBUG}=1 for details)"))
    if session.output is Output.JSON:
        _json(session.console, report.document())
    else:
        report.render(session.console)
    return report.exit_code


def _session(context: typer.Context, common: dict[str, Any]) -> Session:
    outer = (context.obj or {}).get("endpoint_url")
    wide = None if Console().is_terminal else 200
    # Without `emoji=False` rich would make a pictogram of the `:secret:` in an ARN.
    return Session(
        profile_name=common["profile"],
        overlay=common["overlay"],
        env=common["env"],
        output=common["output"],
        endpoint_url=common["endpoint_url"] or outer or os.environ.get("AWS_ENDPOINT_URL"),
        console=Console(width=wide, highlight=False, emoji=False),
        aside=Console(stderr=True, width=wide, highlight=False, emoji=False),
    )


def _complain(session: Session, error: failure.Failure | ProfileError | PricesError) -> int:
    explained = error if isinstance(error, failure.Failure) else failure.Failure(str(error))
    if session.output is Output.JSON:
        _json(session.console, {"error": failure.redact(explained.message), "advice": explained.advice})
    for line in failure.redact(str(explained)).splitlines():
        session.aside.print(f"[red]error:[/] {_escape(line)}")
    return explained.exit_code


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _json(console: Console, document: dict[str, Any]) -> None:
    print(json.dumps(document, indent=2, sort_keys=False), file=console.file)
