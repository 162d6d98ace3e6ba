"""`chess-operator`: the command line.

Exit codes: 0 ended as asked · 1 leadership lost or a failure (the kubelet starts us again) · 2 a flag or variable that
cannot be · 3 no way to the API server.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from chess_operator.settings import (
    Address,
    Settings,
    SettingsError,
    access_of,
    lease_namespace_of,
    namespaces_of,
    own_identity,
    service_accounts_of,
)
from chess_operator.simulation.command import simulate

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Kubeconfig = Annotated[
    Path | None,
    typer.Option(
        envvar=["CHESS_OPERATOR_KUBECONFIG", "KUBECONFIG"],
        help="Access to the API server. Default: the pod's service account, else ~/.kube/config.",
    ),
]
Context = Annotated[
    str | None, typer.Option(envvar="CHESS_OPERATOR_CONTEXT", help="Context of the kubeconfig.")
]
Namespaces = Annotated[
    list[str] | None,
    typer.Option(
        "--namespace",
        "-n",
        envvar="CHESS_OPERATOR_NAMESPACES",
        help="Look after ChessClusters here only; may be given several times. Default: everywhere.",
    ),
]
LeaseNamespace = Annotated[
    str | None,
    typer.Option(
        envvar="CHESS_OPERATOR_LEASE_NAMESPACE", help="Where the leader's Lease is. Default: the pod's own."
    ),
]
Probe = Annotated[
    str,
    typer.Option(envvar="CHESS_OPERATOR_PROBE_ADDRESS", help="HOST:PORT of /livez, /readyz and /metrics."),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-service-account",
        envvar="CHESS_OPERATOR_ALLOW_SERVICE_ACCOUNTS",
        help="A service account that ChessClusters may name for their pods, beside `default`.",
    ),
]
Level = Annotated[str, typer.Option(envvar="CHESS_OPERATOR_LOG_LEVEL", help="debug, info, warning or error.")]
Style = Annotated[str, typer.Option(envvar="CHESS_OPERATOR_LOG_FORMAT", help="json or console.")]


def _print_version(wanted: bool | None) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        typer.echo(f"chess-operator {version('chesscluster')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool | None,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = None,
) -> None:
    """Run live chess clusters: scale on players' connections, drain, never drop anyone."""


@app.command()
def run(  # noqa: PLR0913, PLR0917 - one parameter a flag
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespaces = None,
    lease_namespace: LeaseNamespace = None,
    probe_address: Probe = "127.0.0.1:8081",
    allow_service_account: Accounts = None,
    log_level: Level = "info",
    log_format: Style = "json",
) -> None:
    """Run the operator. Of several that run, one leads and the others wait."""
    from chess_operator.kube.access import AccessError

    try:
        settings = Settings(
            access=access_of(kubeconfig, context),
            namespaces=namespaces_of(namespace or []),
            lease_namespace=lease_namespace_of(lease_namespace),
            probe=Address.parse(probe_address, name="--probe-address"),
            service_accounts=service_accounts_of(allow_service_account or []),
            identity=own_identity(),
        )
        _configure_logs(log_level, log_format)
    except SettingsError as error:
        _refuse(str(error), 2)
    try:
        code = _run(settings)
    except AccessError as error:
        _refuse(str(error), 3)
    except OSError as error:
        _refuse(f"--probe-address: cannot listen on {probe_address}: {error.strerror or error}", 2)
    raise typer.Exit(code)


def _run(settings: Settings) -> int:
    import asyncio

    import uvloop

    from chess_operator.main import run as run_operator

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run_operator(settings))


def _configure_logs(level: str, style: str) -> None:
    from chess_operator import logs

    if level not in logs.LEVELS:
        raise SettingsError(f"--log-level: {level!r} is none of {', '.join(logs.LEVELS)}")
    if style not in logs.FORMATS:
        raise SettingsError(f"--log-format: {style!r} is none of {', '.join(logs.FORMATS)}")
    logs.configure(level, style)


def _refuse(message: str, code: int) -> None:
    typer.echo(f"chess-operator: {message}", err=True)
    raise typer.Exit(code)


app.command()(simulate)


def main() -> None:
    """Enter from the console."""
    app()
