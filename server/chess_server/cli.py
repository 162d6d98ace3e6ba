"""`chess-server`: the command line. Commands import what is slow to import when they run."""

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from chess_server.settings import Settings

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

FAILED = 1
USAGE = 2


def _report(message: str) -> None:
    sys.stderr.write(f"chess-server: {message}\n")


def _show_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"chess-server {version('chesscluster')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Serve chess over WebSockets. Settings come from CHESS_* variables; flags override them."""


@app.command()
def serve(  # noqa: PLR0913 - one parameter per flag
    *,
    listen: Annotated[str | None, typer.Option(help="Address of both ports (CHESS_LISTEN).")] = None,
    port: Annotated[str | None, typer.Option(help="Players' port, 0 for a free one (CHESS_PORT).")] = None,
    admin_port: Annotated[
        str | None, typer.Option(help="Port of /livez, /readyz and /metrics (CHESS_ADMIN_PORT).")
    ] = None,
    redis_url_file: Annotated[
        str | None, typer.Option(help="File with the Redis URL (CHESS_REDIS_URL_FILE).")
    ] = None,
    database_url_file: Annotated[
        str | None, typer.Option(help="File with the PostgreSQL URL (CHESS_DATABASE_URL_FILE).")
    ] = None,
    transport: Annotated[str | None, typer.Option(help="picows or websockets (CHESS_TRANSPORT).")] = None,
    migrate: Annotated[str | None, typer.Option(help="auto or off (CHESS_MIGRATE).")] = None,
    max_connections: Annotated[
        str | None, typer.Option(help="Refuse upgrades above this number (CHESS_MAX_CONNECTIONS).")
    ] = None,
    log_level: Annotated[
        str | None, typer.Option(help="debug, info, warning or error (CHESS_LOG_LEVEL).")
    ] = None,
) -> None:
    """Serve players until SIGTERM, then drain and exit."""
    from chess_server.settings import Settings, SettingsError

    flags = {
        "--listen": listen,
        "--port": port,
        "--admin-port": admin_port,
        "--redis-url-file": redis_url_file,
        "--database-url-file": database_url_file,
        "--transport": transport,
        "--migrate": migrate,
        "--max-connections": max_connections,
        "--log-level": log_level,
    }
    try:
        settings = Settings.load(os.environ, flags)
    except SettingsError as error:
        _report(str(error))
        raise typer.Exit(USAGE) from None
    raise typer.Exit(_run(settings))


def _run(settings: "Settings") -> int:
    import uvloop

    from chess_server import logs
    from chess_server.main import Server
    from chess_server.store.errors import SchemaError, UnusableRedisError

    logs.configure(settings.log_level, pod=settings.pod_name)

    async def go() -> int:
        return await Server(settings).run()

    try:
        return uvloop.run(go())
    except UnusableRedisError as error:
        _report(f"CHESS_REDIS_URL_FILE: {error}")
        return USAGE
    except SchemaError as error:
        _report(str(error))
        return FAILED
    except OSError as error:
        _report(f"cannot listen on {settings.listen}: {error.strerror or error}")
        return FAILED


@app.command()
def migrate(
    *,
    database_url_file: Annotated[
        str | None, typer.Option(help="File with the PostgreSQL URL (CHESS_DATABASE_URL_FILE).")
    ] = None,
) -> None:
    """Bring the database's schema up to date."""
    from chess_server.settings import DatabaseSettings, SettingsError
    from chess_server.store.errors import UnavailableError
    from chess_server.store.postgres import schema
    from chess_server.store.postgres.sessions import connection_settings

    try:
        settings = DatabaseSettings.load(os.environ, {"--database-url-file": database_url_file})
    except SettingsError as error:
        _report(str(error))
        raise typer.Exit(USAGE) from None
    url, connection = settings.database_url, connection_settings(settings.database_ca)
    try:
        before = schema.current(url, connection)
        if not schema.is_newer(before) and before != schema.HEAD:
            schema.upgrade(url, connection)
        after = schema.current(url, connection)
    except UnavailableError as error:
        _report(f"database unavailable: {error.detail}")
        raise typer.Exit(FAILED) from None
    typer.echo(f"schema: {before or 'empty'} → {after}")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
