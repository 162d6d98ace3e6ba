"""`chess-operator`: the command line.

Exit codes: 0 ended as asked · 1 leadership lost or a failure (the kubelet starts us again) · 2 a flag or variable that
cannot be used · 3 no access to an API server.
"""

import os
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from chess_operator.settings import Settings, SettingsError
from chess_operator.simulation.command import simulate

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Kubeconfig = Annotated[
    str | None,
    typer.Option(
        help="Access to the API server (CHESS_OPERATOR_KUBECONFIG, KUBECONFIG). "
        "Default: the pod's service account, else ~/.kube/config."
    ),
]
KubeContext = Annotated[
    str | None, typer.Option(help="Context of the kubeconfig (CHESS_OPERATOR_CONTEXT). Default: its current.")
]
Namespaces = Annotated[
    list[str] | None,
    typer.Option(
        "--namespace",
        "-n",
        help="Reconcile ChessClusters in this namespace only; may be given several times "
        "(CHESS_OPERATOR_NAMESPACES, separated by commas). Default: all namespaces.",
    ),
]
LeaseNamespace = Annotated[
    str | None,
    typer.Option(
        help="Namespace of the leader's Lease (CHESS_OPERATOR_LEASE_NAMESPACE). Default: the pod's own."
    ),
]
LeaseName = Annotated[
    str | None,
    typer.Option(
        help="Name of that Lease (CHESS_OPERATOR_LEASE_NAME): another for each operator of a namespace. "
        "Default: chess-operator."
    ),
]
Probe = Annotated[
    str | None,
    typer.Option(
        help="HOST:PORT of /livez, /readyz and /metrics (CHESS_OPERATOR_PROBE_ADDRESS). 0.0.0.0 and [::] both mean "
        "every address of both families. Default: 127.0.0.1:8081."
    ),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-service-account",
        help="A service account that ChessClusters may name for their pods, beside `default`; may be given several "
        "times (CHESS_OPERATOR_ALLOW_SERVICE_ACCOUNTS, separated by commas).",
    ),
]
Level = Annotated[
    str | None,
    typer.Option(help="debug, info, warning or error (CHESS_OPERATOR_LOG_LEVEL). Default: info."),
]
Format = Annotated[
    str | None, typer.Option(help="json or console (CHESS_OPERATOR_LOG_FORMAT). Default: json.")
]


def _print_version(wanted: bool | None) -> None:  # noqa: FBT001 - typer passes it by position
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
    """Run live chess clusters: scale on players' connections, drain pods, drop nobody."""


@app.command()
def run(  # noqa: PLR0913, PLR0917 - one parameter per flag
    kubeconfig: Kubeconfig = None,
    context: KubeContext = None,
    namespace: Namespaces = None,
    lease_namespace: LeaseNamespace = None,
    lease_name: LeaseName = None,
    probe_address: Probe = None,
    allow_service_account: Accounts = None,
    log_level: Level = None,
    log_format: Format = None,
) -> None:
    """Run the operator. If several run, one leads and the others wait."""
    from chess_operator.kube.access import AccessError

    flags = {
        "--kubeconfig": kubeconfig,
        "--context": context,
        "--namespace": ",".join(namespace) if namespace else None,
        "--lease-namespace": lease_namespace,
        "--lease-name": lease_name,
        "--probe-address": probe_address,
        "--allow-service-account": ",".join(allow_service_account) if allow_service_account else None,
        "--log-level": log_level,
        "--log-format": log_format,
    }
    settings = _settings(flags)
    try:
        code = _run(settings)
    except AccessError as error:
        _refuse(str(error), 3)
    except OSError as error:
        address = settings.probe_address
        where = f"{address.host}:{address.port}"
        _refuse(f"--probe-address: cannot listen on {where}: {error.strerror or error}", 2)
    raise typer.Exit(code)


def _settings(flags: dict[str, str | None]) -> Settings:
    """Read the settings, and log as they say from here on."""
    from chess_operator import logs

    try:
        settings = Settings.load(os.environ, flags)
    except SettingsError as error:
        _refuse(str(error), 2)
    logs.configure(settings.log_level, settings.log_format)
    return settings


def _run(settings: Settings) -> int:
    import asyncio

    import uvloop

    from chess_operator.main import run as run_operator

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run_operator(settings))


def _refuse(message: str, code: int) -> NoReturn:
    typer.echo(f"chess-operator: {message}", err=True)
    raise typer.Exit(code)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of the ChessCluster.")],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Its namespace.")],
    kubeconfig: Kubeconfig = None,
    context: KubeContext = None,
) -> None:
    """Delete a ChessCluster, and wait until its pods have drained and are gone."""
    from chess_operator.kube.access import AccessError
    from chess_operator.kube.client import ApiError

    flags = {"--kubeconfig": kubeconfig, "--context": context, "--namespace": namespace}
    settings = _settings(flags)
    try:
        _remove(settings, name)
    except AccessError as error:
        _refuse(str(error), 3)
    except ApiError as error:
        _refuse(str(error), 1)


def _remove(settings: Settings, name: str) -> None:
    import asyncio

    from chess_operator.kube.client import Kube
    from chess_operator.kube.removal import remove as wait_for_removal

    async def removed() -> None:
        async with await settings.access.api() as api:
            await wait_for_removal(Kube(api), settings.namespaces[0], name)

    asyncio.run(removed())


app.command()(simulate)


def main() -> None:
    """Run the command line."""
    app()
